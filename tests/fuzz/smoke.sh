#!/bin/sh
# smoke.sh - runs the fuzz targets for some seconds each, as many at a time as
# there are cores, on copies of their corpora, and then measures how much of the
# parsers the committed corpora run (coverage.sh).  What a run finds stays in
# BUILD/fuzz-findings, and its new inputs in BUILD/fuzz-corpus.
# Usage: smoke.sh BUILD SECONDS [DOOR...]    (after `make fuzz`)
#        JOBS: how many at a time
set -eu
b=$1
seconds=$2
shift 2
: "${JOBS:=$(nproc)}"
status=0

if [ "${SMOKE_DOOR:-no}" = no ]; then
    if [ $# -eq 0 ]; then
        for file in tests/fuzz/fuzz_*.c; do
            door=$(basename "$file" .c)
            set -- "$@" "${door#fuzz_}"
        done
    fi
    printf '%s\n' "$@" | SMOKE_DOOR=yes xargs -P "$JOBS" -n 1 sh "$0" "$b" "$seconds" || status=1
    sh tests/fuzz/coverage.sh "$b" "$@" || status=1
    exit $status
fi

# One door.
door=$1
findings=$b/fuzz-findings
corpus=$b/fuzz-corpus/$door
log=$b/fuzz-corpus/$door.log
mkdir -p "$findings" "$corpus"
cp tests/fuzz/corpus/"$door"/* "$corpus"/
if LLVM_PROFILE_FILE=/dev/null "$b/tests/fuzz/fuzz_$door" -max_total_time="$seconds" -timeout=30 \
    -rss_limit_mb=1500 -print_final_stats=1 -artifact_prefix="$findings/$door-" "$corpus" >"$log" 2>&1; then
    echo "$door: $(awk '/stat::number_of_executed_units/ { print $2 }' "$log") runs, nothing found"
else
    # In one piece: another door may be writing, too.
    echo "$door: FOUND
$(tail -n 40 "$log")"
    exit 1
fi
