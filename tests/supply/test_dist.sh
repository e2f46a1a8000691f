#!/bin/sh
# test_dist.sh - what `make dist` packs is all of the last commit, is the same
# each time, and is enough: unpacked elsewhere it builds, installs and uninstalls.
# Usage: test_dist.sh BUILD    (in the root of the tree; BUILD unused)
set -u
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
passed=0
failed=0
unset MAKEFLAGS MAKELEVEL MFLAGS

if ! git rev-parse --verify -q HEAD >"$dir/out" 2>&1; then
    echo "SKIPPED: not a git tree, of which dist packs a commit"
    exit 0
fi
expect() { # SENTENCE COMMAND...
    sentence=$1
    shift
    if "$@" >"$dir/out" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: $sentence"
        tail -n 20 "$dir/out"
    fi
}
version=$(sed -n 's/^VERSION := //p' Makefile)
archive=build/sidekey-$version.tar.gz
installed() { (cd "$1" && find . ! -type d | sort); }

expect "an archive is packed" make --no-print-directory dist
cp "$archive" "$dir/first.tar.gz"
expect "and again" make --no-print-directory dist
expect "to the same bytes" cmp "$archive" "$dir/first.tar.gz"
tar -xzf "$archive" -C "$dir"
tree=$dir/sidekey-$version
expect "it unpacks to one folder" test "$(find "$dir" -maxdepth 1 -type d -name 'sidekey-*')" = "$tree"
git ls-tree -r --name-only HEAD | sort >"$dir/committed"
(cd "$tree" && find . -type f -o -type l) | sed 's|^\./||' | sort >"$dir/packed"
expect "it has all files of the commit, and no other" diff "$dir/committed" "$dir/packed"

expect "it builds" make --no-print-directory -j"$(nproc)" -C "$tree" all
expect "it installs" make --no-print-directory -C "$tree" PREFIX=/usr DESTDIR="$dir/stage" install
expect "the command line is of its version" test "$("$dir/stage/usr/bin/sidekey" --version)" = "sidekey $version"
expect "the agent is of its version" test "$("$dir/stage/usr/sbin/sidekeyd" --version)" = "sidekeyd $version"
expect "something is installed" test "$(installed "$dir/stage" | wc -l)" -gt 20

# Each symbol of the library that was built carries the version of the interface.
nm -D --defined-only "$dir/stage/usr/lib/libsidekey.so.0" | awk '$2 == "T" { print $3 }' >"$dir/symbols"
expect "the library has symbols" grep -q '^sidekey_open@@' "$dir/symbols"
grep -v '^sidekey_[a-z_]*@@SIDEKEY_0$' "$dir/symbols" >"$dir/bare"
expect "all of them are of SIDEKEY_0" test ! -s "$dir/bare"
readelf -V "$dir/stage/usr/lib/libsidekey.so.0" >"$dir/versions" 2>/dev/null
expect "which the library defines" grep -q 'Name: SIDEKEY_0' "$dir/versions"
cat >"$dir/user.c" <<'USER'
#include <sidekey.h>
int main(void)
{
    return sidekey_status_name(SIDEKEY_OK) == NULL;
}
USER
if ${CC:-cc} -I "$dir/stage/usr/include" "$dir/user.c" -L "$dir/stage/usr/lib" -lsidekey -o "$dir/user" 2>"$dir/out"; then
    readelf -V "$dir/user" >"$dir/versions" 2>/dev/null
    expect "and a program that is linked with it asks for" grep -q 'Name: SIDEKEY_0' "$dir/versions"
else
    expect "a program is linked with it: $(cat "$dir/out")" false
fi

expect "it uninstalls" make --no-print-directory -C "$tree" PREFIX=/usr DESTDIR="$dir/stage" uninstall
expect "and leaves no file" test -z "$(installed "$dir/stage")"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
