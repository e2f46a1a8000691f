#!/bin/sh
# paths.sh - every file and folder of the tree that a document names in
# backquotes exists: what SECURITY.md says is proven in a suite is proven in one
# that is there.
# Usage: paths.sh ROOT
set -eu
cd "$1"
status=0
named=$(mktemp)
trap 'rm -f "$named"' EXIT

find . -name '*.md' ! -path './build/*' ! -path './.git/*' | sort | while read -r document; do
    # A name ends at a blank; a pattern (with * or a capital word) is none.
    # shellcheck disable=SC2016 # the backquotes are the document's
    grep -oE '`[^`]+`' "$document" | tr -d '`' | tr ' ' '\n' |
        grep -E '^(protocol|agent|libclient|contrib|tests|\.ci)/[A-Za-z0-9_./-]*$' | sort -u |
        while read -r path; do
            # Code is also named without its ending: agent/store/demand.
            if [ ! -e "$path" ] && [ ! -e "$path.h" ]; then
                echo "$document: $path does not exist"
            fi
        done
done >"$named"
if [ -s "$named" ]; then
    cat "$named"
    status=1
fi
# shellcheck disable=SC2016 # as above
[ "$(grep -cE '`tests/' SECURITY.md)" -gt 0 ] || { echo "SECURITY.md names no suite" && status=1; }
exit $status
