#!/bin/sh
# merge.sh - makes the committed corpora anew: of the seeds, of what is
# committed and of what a run has found, the fewest and smallest inputs that
# reach all edges that all of them reach.  Inputs named regression-* stay.
# Usage: merge.sh BUILD [FOUND [DOOR...]]    (after `make fuzz`; FOUND: a folder
#        with one folder of inputs for each door, BUILD/fuzz-corpus say)
set -eu
b=$1
found=${2:-}
shift
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- tests/fuzz/fuzz_*.c
seeds=$(mktemp -d)
trap 'rm -rf "$seeds"' EXIT

LLVM_PROFILE_FILE=/dev/null
export LLVM_PROFILE_FILE
/usr/bin/python3 tests/fuzz/seed.py "$seeds"
for door; do
    door=$(basename "$door" .c)
    door=${door#fuzz_}
    new=$seeds/$door.new
    mkdir -p "$new" "tests/fuzz/corpus/$door"
    "$b/tests/fuzz/fuzz_$door" -merge=1 -artifact_prefix="$seeds/found-" -use_counters=0 -max_len=8192 "$new" "tests/fuzz/corpus/$door" "$seeds/$door" \
        ${found:+"$found/$door"} >"$seeds/log" 2>&1 || {
        tail -n 40 "$seeds/log"
        exit 1
    }
    # A merge goes on after an input that fails.
    for failed in "$seeds"/found-*; do
        [ ! -e "$failed" ] || { cp "$failed" . && echo "$door fails on $(basename "$failed")" && exit 1; }
    done
    find "tests/fuzz/corpus/$door" -name 'regression-*' -exec cp {} "$new" \;
    rm -rf "tests/fuzz/corpus/$door"
    mv "$new" "tests/fuzz/corpus/$door"
    echo "$door: $(find "tests/fuzz/corpus/$door" -type f | wc -l) inputs, $(cat "tests/fuzz/corpus/$door"/* | wc -c) bytes"
done
