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

check_exports() { # NM_OPTION FILE
    [ -f "$2" ] || { echo "$2: is not there"; return; }
    nm $1 --defined-only --extern-only "$2" | awk 'NF == 3 { print $3 }' |
        sed 's/@.*//' | grep -Ev '^(sidekey_|SIDEKEY_)' | sed "s|^|$2: shows |"
}

found=$(
    check_folder protocol 'skp_' || true
    check_folder agent 'skd_' || true
    check_folder libclient 'sidekey_|skc_' || true
    check_exports -D "$build/libsidekey.so.0" || true
    check_exports '' "$build/libsidekey.a" || true
)
if [ -n "$found" ]; then
    echo "$found"
    status=1
fi
exit $status
