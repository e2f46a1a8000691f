#!/bin/sh
# test_reproducible.sh - two builds of one tree, in two places and at two times,
# are the same byte for byte; and a build that names its place is found.
# Usage: test_reproducible.sh BUILD    (in the root of the tree; BUILD unused)
set -u
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
passed=0
failed=0
# A cache of the compiler would give the second build the objects of the first.
CCACHE_DISABLE=1
unset MAKEFLAGS MAKELEVEL MFLAGS
export CCACHE_DISABLE

say() { # good|bad SENTENCE
    case $1 in
    good) passed=$((passed + 1)) ;;
    *)
        failed=$((failed + 1))
        echo "FAIL: $2"
        ;;
    esac
}
judge() { if [ "$1" -eq 0 ]; then echo good; else echo bad; fi; }
same() { cmp -s "$1" "$2"; judge $?; }
differ() { ! cmp -s "$1" "$2"; judge $?; }
names() { grep -qF "$1" "$2"; judge $?; }
lacks() { ! grep -qF "$1" "$2"; judge $?; }

for place in one a/longer/place; do
    mkdir -p "$dir/$place"
    cp -r Makefile protocol agent libclient "$dir/$place"
    if ! (cd "$dir/$place" && TZ=Asia/Tokyo make all >"$dir/log" 2>&1); then
        tail -n 20 "$dir/log"
        echo "0 passed, 1 failed"
        exit 1
    fi
done
for file in sidekeyd sidekey libsidekey.so.0 libsidekey.a; do
    say "$(same "$dir/one/build/release/$file" "$dir/a/longer/place/build/release/$file")" "$file is the same in two places"
    say "$(lacks "$dir" "$dir/one/build/release/$file")" "$file names no place"
done

# The comparison sees a place: one object, built without the map.
for place in one a/longer/place; do
    (cd "$dir/$place" && ${CC:-cc} -std=gnu11 -D_GNU_SOURCE -I. -g -O1 -c protocol/err.c -o err.o)
done
say "$(differ "$dir/one/err.o" "$dir/a/longer/place/err.o")" "an object with its place in it is found"
say "$(names "$dir" "$dir/one/err.o")" "and so is the place"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
