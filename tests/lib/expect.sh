# shellcheck shell=sh
# expect.sh - how suites in sh count what holds; to be read with ".".  Adds to
# $passed or $failed, and writes what a command says to $dir/out.

: "${dir:?}" "${passed:=0}" "${failed:=0}"

count_outcome() { # STATUS SENTENCE
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: $2"
        cat "$dir/out"
    fi
}

# The command succeeds.
expect() { # SENTENCE COMMAND...
    sentence=$1
    shift
    "$@" >"$dir/out" 2>&1 && outcome=0 || outcome=1
    count_outcome "$outcome" "$sentence"
}

# It fails, as it should.
expect_failure() { # SENTENCE COMMAND...
    sentence=$1
    shift
    "$@" >"$dir/out" 2>&1 && outcome=1 || outcome=0
    count_outcome "$outcome" "$sentence"
}
