#!/bin/sh
# run.sh - runs test programs and adds up what they say.
# Each prints check's summary ("Checks: N, Failures: N, Errors: N") or, as a
# script, "N passed, N failed".  A test that could not run here prints a line
# "SKIPPED: why".  The last line is "N passed, N failed, N skipped".
# Usage: run.sh PROGRAM... [-- PROGRAM...]
#   JOBS     programs before "--" that run side by side (default: the cores);
#            those behind it measure or share things and run one at a time
#   RUNNER   a command to run programs under
set -u
: "${B:=build/release}"
export B
logs=$B/test-logs
here=$(dirname "$0")
rm -rf "$logs"
mkdir -p "$logs"

list=$logs/.side-by-side
: >"$list"
while [ $# -gt 0 ] && [ "$1" != "--" ]; do
    echo "$1" >>"$list"
    shift
done
[ $# -eq 0 ] || shift

xargs -r -n 1 -P "${JOBS:-$(nproc)}" sh "$here/run_one.sh" <"$list"
for program in "$@"; do
    sh "$here/run_one.sh" "$program"
done

if grep -qs '^SKIPPED: ' "$logs"/*.log; then
    grep -h '^SKIPPED: ' "$logs"/*.log | sort | uniq -c
fi
find "$logs" -name '*.result' -exec cat {} + | awk '
    { passed += $1; failed += $2; skipped += $3 }
    END {
        printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
        exit failed > 0 || passed + skipped == 0
    }'
