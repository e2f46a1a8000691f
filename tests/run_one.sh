#!/bin/sh
# run_one.sh - runs one test program for run.sh: its output goes to
# $B/test-logs/NAME.log, what it says to NAME.result as "PASSED FAILED SKIPPED".
# Usage: run_one.sh PROGRAM      RUNNER: a command to run programs under
set -u
program=$1
name=$(basename "$program")
log=$B/test-logs/$name.log

started=$(date +%s)
# shellcheck disable=SC2086 # RUNNER is a command line
if [ "$program" != "${program%.sh}" ]; then
    sh "$program" "$B"
else
    ${RUNNER:-} "$program"
fi >"$log" 2>&1 </dev/null
status=$?
took=$(($(date +%s) - started))

counts=$(sed -nE \
    -e 's/^[0-9]+%: Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+).*/\1 \2 \3/p' \
    -e 's/^([0-9]+) passed, ([0-9]+) failed.*/+\1 \2 0/p' "$log" | tail -n 1)
ran=$(echo "$counts" | awk '{ n = $1; if (n ~ /^\+/) { sub(/^\+/, "", n); n += $2 } print n + 0 }')
bad=$(echo "$counts" | awk '{ print $2 + $3 }')
bad=${bad:-0}
skips=$(grep -c '^SKIPPED: ' "$log")
why=
if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
    bad=1
    ran=$((ran > 0 ? ran : 1))
elif [ "$ran" -eq 0 ] && [ "$skips" -eq 0 ]; then
    bad=1
    ran=1
    why="$name ran no test and skipped none"
fi

echo "$((ran - bad)) $bad $skips" >"$B/test-logs/$name.result"
line=$(printf '%-34s %4d passed %3d failed %5ds' "$name" "$((ran - bad))" "$bad" "$took")
if [ "$bad" -eq 0 ]; then
    echo "$line"
else
    # In one piece, so that two failures side by side stay apart.
    printf '%s\n%s\n---- %s failed (exit status %s) ----\n%s\n----\n' "$line" "$why" "$name" "$status" \
        "$(grep -vE '^(100%|Running suite)' "$log" | tail -n 40)"
fi
