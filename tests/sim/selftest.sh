#!/bin/sh
# selftest.sh - plants each bug of planted.txt into the core, one at a time, and
# demands that the simulation finds it.
# Usage: COMPILE="cc ..." LIBS="-l..." selftest.sh BUILD    (make sim-selftest)
set -u
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

grep -v '^#' tests/sim/planted.txt | while IFS='~' read -r file change bug; do
    sed "$change" "$file" >"$work/planted.c"
    if cmp -s "$file" "$work/planted.c"; then
        echo "NOT PLANTED: $bug"
    elif ! eval "$COMPILE -w -c $work/planted.c -o $work/planted.o" ||
        ! eval "$COMPILE $work/planted.o $build/tests/sim/*.o $build/libt.a $build/core.a $LIBS -o $work/sim"; then
        echo "NOT BUILT: $bug"
    elif SIM_FROM=1 timeout 120 "$work/sim" >"$work/log" 2>&1; then
        echo "MISSED: $bug"
    else
        seed=$(sed -n 's/^schedule \([0-9]*\) failed:$/\1/p' "$work/log" | tail -n 1)
        why=$(sed -n 's/^FAILED: *[0-9]* *[0-9.]* s *//p' "$work/log" | tail -n 1)
        echo "found: $bug (seed $seed: $why)"
    fi
done >"$work/all"
cat "$work/all"
found=$(grep -c '^found: ' "$work/all")
missed=$(grep -vc '^found: ' "$work/all")
echo "$found passed, $missed failed"
[ "$missed" -eq 0 ]
