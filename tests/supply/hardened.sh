#!/bin/sh
# hardened.sh - says what a built file lacks of the hardening that it is to
# have; silent, and 0, when it lacks nothing.
#   programs         PIE
#   and libraries    read-only relocations, bound at the start; no stack or code
#                    that is writable and executable; no path to search
#                    libraries in; stack canaries; calls with a bound; on x86-64
#                    the notes of indirect branch tracking and shadow stacks
#   archives         the last three, and position-independent code
# Usage: hardened.sh FILE...
set -u
LC_ALL=C
export LC_ALL
status=0
file=
about=$(mktemp)
trap 'rm -f "$about"' EXIT

lacks() {
    echo "$file: $1"
    status=1
}
wants() { grep -Eq "$1" "$about" || lacks "$2"; }
refuses() { ! grep -Eq "$1" "$about" || lacks "$2"; }

check_code() {
    wants '__stack_chk_fail' "no stack canaries"
    wants '__[a-z]+_chk( |@|$)' "no calls with a bound (FORTIFY)"
    grep -q 'Machine:.*X86-64' "$about" || return 0
    # In an archive, of each member.
    members=$(grep -c 'Type: .*\(REL\|DYN\|EXEC\) ' "$about")
    for mark in IBT SHSTK; do
        [ "$(grep -c "x86 feature: .*$mark" "$about")" -ge "$members" ] || lacks "no note of $mark"
    done
}

check_linked() { # program|library
    [ "$1" = library ] || wants 'FLAGS_1.* PIE' "not position-independent (PIE)"
    wants 'GNU_RELRO' "no read-only relocations"
    wants 'BIND_NOW|FLAGS_1.* NOW' "not bound at the start"
    wants 'GNU_STACK .* RW ' "an executable stack"
    refuses 'LOAD .* RWE ' "a segment that is writable and executable"
    refuses '\((RPATH|RUNPATH)\)' "a path to search libraries in"
    refuses 'TEXTREL' "relocations in code"
}

check_archive() {
    refuses '\.note\.GNU-stack .* X ' "an executable stack"
    wants '\.note\.GNU-stack' "an executable stack"
    refuses 'R_X86_64_(32|32S) ' "code that depends on its place"
}

for file in "$@"; do
    case $file in
    # Relocations of debug information are no code's.
    *.a) readelf -hnSrsW "$file" 2>/dev/null |
        awk '/^Relocation section/ { skip = /debug/ } /^$/ { skip = 0 } !skip' >"$about" ;;
    *) readelf -hlndW --dyn-syms "$file" >"$about" 2>/dev/null ;;
    esac
    [ -s "$about" ] || lacks "not there, or not ELF"
    check_code
    case $file in
    *.a) check_archive ;;
    *.so*) check_linked library ;;
    *) check_linked program ;;
    esac
done
exit $status
