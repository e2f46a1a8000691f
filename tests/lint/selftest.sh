#!/bin/sh
# selftest.sh - plants one violation per rule into a copy of the tree and
# demands that the rule complains; a check that cannot fail checks nothing.
# Usage: selftest.sh ROOT BUILD_FOLDER
set -eu
root=$(cd "$1" && pwd)
build=$(cd "$2" && pwd)
lint=$root/tests/lint
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
failed=0
passed=0

reset() {
    rm -rf "$copy/tree"
    mkdir -p "$copy/tree/tests"
    cp -r "$root/protocol" "$root/agent" "$root/libclient" "$copy/tree"
    cp -r "$root/tests/unit" "$root/tests/integration" "$root/tests/lint" "$copy/tree/tests"
    cp "$root/.clang-format" "$root/.clang-tidy" "$copy/tree"
}

expect_complaint() { # NAME COMMAND...
    name=$1
    shift
    if "$@" >"$copy/out" 2>&1; then
        echo "FAIL  $name: did not complain"
        failed=$((failed + 1))
    else
        echo "ok    $name complains: $(grep -m1 . "$copy/out" | cut -c1-100)"
        passed=$((passed + 1))
    fi
}

expect_silence() { # NAME COMMAND...
    name=$1
    shift
    if "$@" >"$copy/out" 2>&1; then
        echo "ok    $name is silent on the tree as it is"
        passed=$((passed + 1))
    else
        echo "FAIL  $name complains without a cause: $(grep -m1 . "$copy/out")"
        failed=$((failed + 1))
    fi
}

sources() { find protocol agent libclient -name '*.[ch]' | sort; }

# A check that always complains proves nothing either.
reset; cd "$copy/tree"
# shellcheck disable=SC2046
expect_silence layers awk -f "$lint/layers.awk" $(sources)
# shellcheck disable=SC2046
expect_silence doors awk -f "$lint/doors.awk" $(sources)
expect_silence words sh "$lint/words.sh" . "$lint/words.allow"
expect_silence pairs sh "$lint/pairs.sh" .
expect_silence untested sh "$lint/untested.sh" . "$lint/untested.max"
expect_silence texts sh "$lint/texts.sh" .
expect_silence paths sh "$lint/paths.sh" "$root"
expect_silence symbols sh "$lint/symbols.sh" "$build"
expect_silence format clang-format --dry-run --Werror protocol/err.c

reset; cd "$copy/tree"
echo '#include "agent/serve/server.h"' >>agent/store/snapshot.c
# shellcheck disable=SC2046
expect_complaint layers awk -f "$lint/layers.awk" $(sources)

reset; cd "$copy/tree"
echo '#include "agent/sys/env.h"' >>agent/store/snapshot.c
# shellcheck disable=SC2046
expect_complaint layers-store-clock awk -f "$lint/layers.awk" $(sources)

reset; cd "$copy/tree"
echo '#include <curl/curl.h>' >>agent/serve/server.c
# shellcheck disable=SC2046
expect_complaint doors awk -f "$lint/doors.awk" $(sources)

reset; cd "$copy/tree"
echo 'static int planted(const char *s) { return atoi(s); }' >>protocol/err.c
expect_complaint words-call sh "$lint/words.sh" . "$lint/words.allow"

reset; cd "$copy/tree"
echo 'int planted; // comment' >>protocol/err.c
expect_complaint words-comment sh "$lint/words.sh" . "$lint/words.allow"

reset; cd "$copy/tree"
cp "$lint/words.allow" "$copy/allow"
echo 'protocol/err.c strtok' >>"$copy/allow"
expect_complaint words-stale-exception sh "$lint/words.sh" . "$copy/allow"

reset; cd "$copy/tree"
echo '/* planted.c - planted. */' >protocol/planted.c
expect_complaint pairs-suite sh "$lint/pairs.sh" .

reset; cd "$copy/tree"
printf '\nint skp_planted(int a);\n' >>protocol/err.h
expect_complaint pairs-comment sh "$lint/pairs.sh" .

reset; cd "$copy/tree"
echo '/* UNTESTED: planted */' >>protocol/err.c
expect_complaint untested sh "$lint/untested.sh" . "$lint/untested.max"

reset; cd "$copy/tree"
find agent -name '*.[ch]' -exec sed -i 's/kms config is required/kms config required/' {} +
expect_complaint texts sh "$lint/texts.sh" .

mkdir -p "$copy/documents"
# shellcheck disable=SC2016 # the backquotes are the document's
echo 'proven in `tests/unit/test_planted.c`' >"$copy/documents/SECURITY.md"
expect_complaint paths sh "$lint/paths.sh" "$copy/documents"

mkdir -p "$copy/build/protocol"
echo 'int planted_symbol(void); int planted_symbol(void) { return 1; }' |
    ${CC:-cc} -x c -c - -o "$copy/build/protocol/planted.o"
cp "$build/libsidekey.so.0" "$build/libsidekey.a" "$copy/build"
expect_complaint symbols-prefix sh "$lint/symbols.sh" "$copy/build"

rm -rf "$copy/build/protocol"
echo 'int planted_symbol(void); int planted_symbol(void) { return 1; }' |
    ${CC:-cc} -x c -shared -fPIC - -o "$copy/build/libsidekey.so.0"
expect_complaint symbols-export sh "$lint/symbols.sh" "$copy/build"

reset; cd "$copy/tree"
echo 'int   planted  ;' >>protocol/err.c
expect_complaint format clang-format --dry-run --Werror protocol/err.c

flags="-std=gnu11 -D_GNU_SOURCE -I$copy/tree"
cat >"$copy/tree/protocol/planted.c" <<'PLANTED'
#include <stdlib.h>
int planted(const char *text);
int planted(const char *text)
{
    char *copy = malloc(8);
    if (text[0] == 'x') {
        return atoi(text);
    }
    free(copy);
    return copy[0];
}
PLANTED
# shellcheck disable=SC2086
expect_complaint clang-tidy clang-tidy --quiet protocol/planted.c -- $flags
expect_complaint cppcheck cppcheck --quiet --error-exitcode=1 --enable=warning protocol/planted.c
# shellcheck disable=SC2086
expect_complaint gcc-analyzer gcc $flags -O1 -fanalyzer -Werror -c protocol/planted.c -o /dev/null

# shellcheck disable=SC2016
echo 'rm $planted' >"$copy/planted.sh"
expect_complaint shellcheck shellcheck -s sh "$copy/planted.sh"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
