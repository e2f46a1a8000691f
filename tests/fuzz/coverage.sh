#!/bin/sh
# coverage.sh - prints how many lines of its parsers each door's committed
# corpus runs, and fails when it is less than LEAST percent of any.  The
# parsers are the files that the door names in its lines "Reaches:".
# Usage: coverage.sh BUILD [DOOR...]    (after `make fuzz`)
#        LEAST: 90; CORPUS: tests/fuzz/corpus
set -eu
b=$1
shift
: "${LEAST:=90}" "${CORPUS:=tests/fuzz/corpus}"
profiles=$b/fuzz-profiles
mkdir -p "$profiles"
status=0

find_tool() { # NAME
    command -v "$1-14" || command -v "$1" || { echo "$1 is missing" >&2 && exit 1; }
}
profdata=$(find_tool llvm-profdata)
cov=$(find_tool llvm-cov)

parsers_of() { # DOOR
    sed -n 's/^ \* Reaches: //p' "tests/fuzz/fuzz_$1.c"
}

measure() { # DOOR FILE...
    door=$1
    shift
    LLVM_PROFILE_FILE=$profiles/$door.profraw "$b/tests/fuzz/fuzz_$door" -runs=0 "$CORPUS/$door" \
        >"$profiles/$door.log" 2>&1 || { tail -n 20 "$profiles/$door.log" && return 1; }
    "$profdata" merge -o "$profiles/$door.profdata" "$profiles/$door.profraw"
    "$cov" export -summary-only -instr-profile "$profiles/$door.profdata" "$b/tests/fuzz/fuzz_$door" "$@" |
        /usr/bin/python3 -c '
import json, os, sys
door, least, wanted = sys.argv[1], float(sys.argv[2]), set(sys.argv[3:])
good = True
for row in json.load(sys.stdin)["data"][0]["files"]:
    name, lines = os.path.relpath(row["filename"]), row["summary"]["lines"]
    # llvm-cov does not know files by paths that -ffile-prefix-map shortened.
    if name not in wanted:
        continue
    wanted.discard(name)
    enough = lines["percent"] >= least
    good = good and enough
    note = "" if enough else "  LESS than %g" % least
    print("%-12s %5.1f %% of %4d lines  %s%s" % (door, lines["percent"], lines["count"], name, note))
for name in wanted:
    print("%-12s reaches nothing of %s" % (door, name))
sys.exit(not good or bool(wanted))' "$door" "$LEAST" "$@"
}

if [ $# -eq 0 ]; then
    for file in tests/fuzz/fuzz_*.c; do
        door=$(basename "$file" .c)
        set -- "$@" "${door#fuzz_}"
    done
fi
for door in "$@"; do
    parsers=$(parsers_of "$door")
    [ -n "$parsers" ] || { echo "$door: tests/fuzz/fuzz_$door.c names no parser" && status=1 && continue; }
    # shellcheck disable=SC2086 # a list of files
    measure "$door" $parsers || status=1
done
exit $status
