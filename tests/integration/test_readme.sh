#!/bin/sh
# test_readme.sh - the README keeps its promises: its example is the one that is
# compiled and tested, its make targets exist, its commands work as printed.
# Usage: test_readme.sh BUILD_FOLDER
set -eu

build=$(cd "$1" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
agent=
passed=0
failed=0

stop() {
    status=$?
    if [ -n "$agent" ]; then
        kill "$agent" 2>/dev/null || true
        wait "$agent" 2>/dev/null || true
    fi
    rm -rf "$work"
    exit $status
}
trap stop EXIT

check() { # NAME COMMAND...
    name=$1
    shift
    if "$@" >"$work/out" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: $name"
        cat "$work/out"
    fi
}

# The example.
awk '/^```c$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$root/README.md" >"$work/example.c"
check "the example is libclient/examples/example.c" cmp "$work/example.c" "$root/libclient/examples/example.c"

# Targets named in README and CONTRIBUTING.
for target in $(grep -ohE '^    make [a-z][a-z -]*' "$root/README.md" "$root/CONTRIBUTING.md" |
    sed 's/^    make//' | tr ' ' '\n' | sort -u); do
    check "make $target exists" grep -qE "^$target:" "$root/Makefile"
done

# Files named in README, CONTRIBUTING and SECURITY.
# shellcheck disable=SC2016 # backquotes are Markdown's
for file in $(grep -ohE '`[a-z]+/[A-Za-z0-9_./-]+`' "$root/README.md" "$root/CONTRIBUTING.md" "$root/SECURITY.md" |
    tr -d '`' | grep -v '^build/' | sort -u); do
    case $file in
    agent/serve|agent/source/kmip|agent/store/demand) check "$file is there" sh -c "ls $root/$file* >/dev/null" ;;
    *) check "$file is there" test -e "$root/$file" ;;
    esac
done

# "Try it without any server", as printed.
mkdir -p "$work/try/build"
ln -s "$build" "$work/try/build/release"
cd "$work/try"
export XDG_RUNTIME_DIR="$work/run"
mkdir -m 700 "$XDG_RUNTIME_DIR"
awk '/^## Try it/ { inside = 1 } /^## Run it/ { inside = 0 } inside && /^    build/ || inside && /^    echo/' \
    "$root/README.md" | sed 's/^    //' >commands
check "three commands to try" test "$(wc -l <commands)" -eq 3
build/release/sidekeyd --dev >"$work/agent.log" 2>&1 &
agent=$!
tries=1200
until [ -S "$XDG_RUNTIME_DIR/sidekey/sidekey.sock" ] || [ "$tries" -eq 0 ]; do
    tries=$((tries - 1))
    sleep 0.05
done
sed -n 2,3p commands >client-commands
check "the commands work" sh -eu client-commands
cp "$work/out" "$work/said"
check "hello comes back" grep -qx hello "$work/said"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
