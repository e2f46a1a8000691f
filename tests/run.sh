#!/bin/sh
# run.sh - runs test programs one after the other and adds up what they say.
# Each prints check's summary ("Checks: N, Failures: N, Errors: N") or, as a
# script, "N passed, N failed".  A test that could not run here prints a line
# "SKIPPED: why".  The last line is "N passed, N failed, N skipped".
# Usage: run.sh PROGRAM...      RUNNER: a command to run programs under
set -u
: "${B:=build/release}"
logs=$B/test-logs
mkdir -p "$logs"
passed=0
failed=0
skipped=0

show_failure() { # NAME LOG STATUS
    echo "---- $1 failed (exit status $3) ----"
    grep -vE '^(100%|Running suite)' "$2" | tail -n 40
    echo "----"
}

for program in "$@"; do
    name=$(basename "$program")
    log=$logs/$name.log
    started=$(date +%s)
    # shellcheck disable=SC2086 # RUNNER is a command line
    if [ "$program" != "${program%.sh}" ]; then
        sh "$program" "$B"
    else
        ${RUNNER:-} "$program"
    fi >"$log" 2>&1
    status=$?
    counts=$(sed -nE \
        -e 's/^[0-9]+%: Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+).*/\1 \2 \3/p' \
        -e 's/^([0-9]+) passed, ([0-9]+) failed.*/+\1 \2 0/p' "$log" | tail -n 1)
    ran=$(echo "$counts" | awk '{ n = $1; if (n ~ /^\+/) { sub(/^\+/, "", n); n += $2 } print n + 0 }')
    bad=$(echo "$counts" | awk '{ print $2 + $3 }')
    bad=${bad:-0}
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
        ran=$((ran > 0 ? ran : 1))
    fi
    skips=$(grep -c '^SKIPPED: ' "$log")
    if [ "$ran" -eq 0 ] && [ "$skips" -eq 0 ]; then
        bad=1
        ran=1
        echo "$name ran no test and skipped none"
    fi
    passed=$((passed + ran - bad))
    failed=$((failed + bad))
    skipped=$((skipped + skips))
    printf '%-34s %4d passed %3d failed %5ds\n' "$name" "$((ran - bad))" "$bad" "$(($(date +%s) - started))"
    [ "$bad" -eq 0 ] || show_failure "$name" "$log" "$status"
done

[ "$skipped" -eq 0 ] || grep -h '^SKIPPED: ' "$logs"/*.log | sort | uniq -c
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
