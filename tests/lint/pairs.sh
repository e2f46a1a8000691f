#!/bin/sh
# pairs.sh - each source file has a unit suite of its name, and each function
# in a header has a comment above it.
# Usage: pairs.sh ROOT
set -eu
cd "$1"
status=0

# main.c of each program is run by the integration tests.
for file in $(find protocol agent libclient -name '*.c' ! -name main.c ! -name example.c | sort); do
    suite=tests/unit/test_$(basename "$file")
    # Code that only lives on sockets and threads is proven by a suite of real
    # ones, which says so: "Also proves: NAME.c NAME.c".
    if [ ! -f "$suite" ] && [ ! -f "tests/integration/test_$(basename "$file")" ] &&
        ! grep -rqE "Also proves:.*[ /]$(basename "$file")" tests/unit tests/integration; then
        echo "$file: has no $suite"
        status=1
    fi
done

for file in $(find protocol agent libclient -name '*.h' | sort); do
    awk '
        # A declaration starts at column 0 with a word and is part of a block;
        # a block starts after an empty line and must start with a comment.
        function flush_block() {
            if (has_function && !has_comment) {
                printf "%s:%d: no comment for: %s\n", FILENAME, first, what
                bad = 1
            }
            has_function = 0
            has_comment = 0
        }
        /^$/ { flush_block(); next }
        /^\/\*/ { has_comment = 1 }
        /^(static|typedef|#|extern|struct [a-z_]+;)/ { next }
        /^[a-zA-Z_].*\(/ && !/^(SKP_PRINTF|SKP_CLEANUP|__attribute__)/ {
            if (!has_function) { first = FNR; what = $0 }
            has_function = 1
        }
        END { flush_block(); exit bad }
    ' "$file" || status=1
done
exit $status
