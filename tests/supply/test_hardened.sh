#!/bin/sh
# test_hardened.sh - everything that is installed has its hardening; and a build
# without one of the flags is found, for each.
# Usage: test_hardened.sh BUILD    (in the root of the tree)
set -u
b=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
passed=0
failed=0
cc=${CC:-cc}

expect() { # good|WORDS SENTENCE FILE
    if sh tests/supply/hardened.sh "$3" >"$dir/out" 2>&1; then
        is=good
    else
        is=$(cat "$dir/out")
    fi
    case $is in
    *"$1"*) passed=$((passed + 1)) ;;
    *)
        failed=$((failed + 1))
        echo "FAIL: $2: wanted \"$1\", got \"$is\""
        ;;
    esac
}

# core.a holds the objects of both programs, each by itself.
for file in sidekeyd sidekey libsidekey.so.0 libsidekey.a core.a; do
    expect good "$file is hardened" "$b/$file"
done

cat >"$dir/planted.c" <<'PLANTED'
#include <stdio.h>
#include <string.h>
int planted(const char *text, int n);
int planted(const char *text, int n)
{
    char copy[64];
    memcpy(copy, text, (unsigned)n);
    return printf("%s", copy);
}
int main(int argc, char **argv)
{
    return planted(argv[0], argc);
}
PLANTED
good="-O2 -fPIC -D_FORTIFY_SOURCE=2 -fstack-protector-strong"
link="-pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack"
case $("$cc" -dumpmachine) in
x86_64-*)
    good="$good -fcf-protection=full"
    link="$link -Wl,-z,ibt,-z,shstk"
    ;;
esac
# plant NAME WORDS FLAGS...: those of a good build, and then others.
plant() {
    name=$1
    words=$2
    shift 2
    # shellcheck disable=SC2086 # lists of flags
    if "$cc" $good $link "$@" "$dir/planted.c" -o "$dir/$name" 2>"$dir/cc.log"; then
        expect "$words" "a build with $*" "$dir/$name"
    else
        failed=$((failed + 1))
        echo "FAIL: $* does not build: $(head -n 3 "$dir/cc.log")"
    fi
}
plant good good -O2
plant no-pie "not position-independent" -no-pie
plant no-relro "no read-only relocations" -Wl,-z,norelro
plant lazy "not bound at the start" -Wl,-z,lazy
plant execstack "an executable stack" -Wl,-z,execstack
plant rpath "a path to search libraries in" -Wl,-rpath,/tmp
plant runpath "a path to search libraries in" -Wl,-rpath,/tmp -Wl,--enable-new-dtags
plant no-canary "no stack canaries" -fno-stack-protector
plant no-fortify "no calls with a bound" -U_FORTIFY_SOURCE
case $("$cc" -dumpmachine) in
x86_64-*)
    # The linker sets the note when told to; so it must not be, here.
    link="-pie -Wl,-z,relro,-z,now"
    plant no-ibt "no note of IBT" -fcf-protection=return
    plant no-shstk "no note of SHSTK" -fcf-protection=branch
    # And in the objects themselves nobody sets it but the compiler.
    "$cc" -O2 -c -fcf-protection=none "$dir/planted.c" -o "$dir/none.o"
    "$cc" -O2 -c -fcf-protection=full "$dir/planted.c" -o "$dir/full.o"
    ar rcs "$dir/planted.a" "$dir/full.o" "$dir/none.o"
    expect "no note of IBT" "an archive with one object without the note" "$dir/planted.a"
    # shellcheck disable=SC2016 # the dollar is the assembler's
    printf '.text\n.globl f\nf: movl $f, %%eax\n' | "$cc" -c -x assembler - -o "$dir/absolute.o"
    ar rcs "$dir/absolute.a" "$dir/absolute.o"
    expect "code that depends on its place" "an archive with code that cannot move" "$dir/absolute.a"
    expect "an executable stack" "an archive without a word on the stack" "$dir/absolute.a"
    printf '.text\n.quad printf\n' | "$cc" -c -x assembler - -o "$dir/quad.o"
    "$cc" -shared -Wl,-z,notext -o "$dir/text.so" "$dir/quad.o" 2>/dev/null
    expect "relocations in code" "a library with relocations in its code" "$dir/text.so"
    ;;
esac
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
