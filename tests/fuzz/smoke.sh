#!/bin/sh
# smoke.sh - runs each fuzz target for some seconds, on a copy of its corpus;
# what a run finds stays in BUILD/fuzz-findings, and its new inputs in
# BUILD/fuzz-corpus.  Prints how much of the sources each target reached.
# Usage: smoke.sh BUILD SECONDS [DOOR...]    (after `make fuzz`)
set -eu
b=$1
seconds=$2
shift 2
findings=$b/fuzz-findings
profiles=$b/fuzz-profiles
mkdir -p "$findings" "$profiles"
status=0

# The sources whose reading of foreign bytes a door is about.
sources_of() {
    case $1 in
    frame) echo protocol/frame.c protocol/pack.c protocol/rpc_request.c protocol/rpc_response.c protocol/rpc_param.c \
        protocol/rpc_report.c protocol/member.c ;;
    header) echo protocol/header.c protocol/hpke.c ;;
    payload) echo protocol/payload.c protocol/chunked.c ;;
    range) echo libclient/range_plan.c libclient/range_open.c libclient/stream_size.c libclient/stream_open.c \
        libclient/file_open.c ;;
    ttlv) echo agent/source/kmip/ttlv.c ;;
    kmip_answer) echo agent/source/kmip/kmip_response.c agent/source/kmip/kmip_payload.c agent/source/kmip/ttlv.c ;;
    coordinator) echo agent/source/coordinator_page.c agent/source/page_scan.c ;;
    config) echo agent/config/json_scan.c agent/config/json_file.c agent/config/merge.c agent/config/redact.c agent/config/check*.c ;;
    duration) echo agent/config/duration.c ;;
    base64) echo protocol/base64.c protocol/key.c ;;
    http) echo agent/source/net/http_url.c ;;
    connection) echo agent/serve/connection.c agent/serve/batch.c agent/serve/handler.c agent/serve/operations.c \
        agent/serve/outbox.c ;;
    esac
}

print_coverage() { # DOOR
    command -v llvm-profdata-14 >/dev/null && command -v llvm-cov-14 >/dev/null || return 0
    llvm-profdata-14 merge -o "$profiles/$1.merged" "$profiles/$1.profraw" 2>/dev/null || return 0
    # shellcheck disable=SC2046 # a list of files
    llvm-cov-14 export -summary-only -instr-profile "$profiles/$1.merged" "$b/tests/fuzz/fuzz_$1" $(sources_of "$1") 2>/dev/null |
        /usr/bin/python3 -c '
import json, os, sys
for row in json.load(sys.stdin)["data"][0]["files"]:
    lines = row["summary"]["lines"]
    print("    %5.1f %% of %4d lines  %s" % (lines["percent"], lines["count"], os.path.relpath(row["filename"])))' || true
}

if [ $# -eq 0 ]; then
    for file in tests/fuzz/fuzz_*.c; do
        door=$(basename "$file" .c)
        set -- "$@" "${door#fuzz_}"
    done
fi
for door in "$@"; do
    corpus=$b/fuzz-corpus/$door
    log=$b/fuzz-corpus/$door.log
    mkdir -p "$corpus"
    cp tests/fuzz/corpus/"$door"/* "$corpus"/
    if LLVM_PROFILE_FILE=$profiles/$door.profraw "$b/tests/fuzz/fuzz_$door" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=1500 -print_final_stats=1 -artifact_prefix="$findings/$door-" "$corpus" >"$log" 2>&1; then
        echo "$door: $(awk '/stat::number_of_executed_units/ { print $2 }' "$log") runs, nothing found"
        print_coverage "$door"
    else
        echo "$door: FOUND"
        tail -n 40 "$log"
        status=1
    fi
done
exit $status
