#!/bin/sh
# symbols.sh - the prefix of every global symbol tells its folder, and the
# libraries show sidekey_ symbols only.
# Usage: symbols.sh BUILD_FOLDER
set -eu
build=$1
status=0

check_folder() { # FOLDER PREFIX_PATTERN
    find "$build/$1" -name '*.o' ! -name main.o ! -name example.o 2>/dev/null | sort | while read -r object; do
        nm --defined-only --extern-only "$object" | awk '{ print $3 }' |
            grep -Ev "^($2)" | sed "s|^|$object: has another prefix: |"
    done
}

check_exports() { # FILE NM_OPTION...
    file=$1
    shift
    [ -f "$file" ] || { echo "$file: is not there"; return; }
    nm "$@" --defined-only --extern-only "$file" | awk 'NF == 3 { print $3 }' |
        sed 's/@.*//' | grep -Ev '^(sidekey_|SIDEKEY_)' | sed "s|^|$file: shows |"
}

found=$(
    check_folder protocol 'skp_' || true
    check_folder agent 'skd_' || true
    check_folder libclient 'sidekey_|skc_' || true
    check_exports "$build/libsidekey.so.0" -D || true
    check_exports "$build/libsidekey.a" || true
)
if [ -n "$found" ]; then
    echo "$found"
    status=1
fi
exit $status
