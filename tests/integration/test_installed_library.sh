#!/bin/sh
# test_installed_library.sh - install, then build programs as a stranger would.
#
# usage: test_installed_library.sh BUILD_FOLDER
#
# Calls `make install` into a folder of its own, compiles a C and a C++ program
# by pkg-config against the shared and the static library, and runs them against
# `sidekeyd --dev`.  Checks that sidekey_ symbols are all that can be seen.
set -eu

build=$(cd "${1:?usage: $0 BUILD_FOLDER}" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
agent=
tenant=67f1adf3-08e5-4eea-94e3-e611f263c87b

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
trap 'exit 130' INT TERM

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

make -s -C "$root" B="$build" PREFIX=/opt/sidekey DESTDIR="$work" install
prefix=$work/opt/sidekey
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
# What a package manager would set: the files are not yet at PREFIX.
export PKG_CONFIG_SYSROOT_DIR="$work"

pkg-config --exists sidekey || fail "pkg-config does not find sidekey"
version=$(pkg-config --modversion sidekey)
"$prefix/bin/sidekey" --version | grep -qx "sidekey $version" ||
    fail "sidekey --version is not $version"

# Only the public names are exported.
so=$prefix/lib/libsidekey.so
nm -D --defined-only "$so" | awk 'NF == 3 { print $3 }' |
    sed 's/@.*//' | grep -v '^SIDEKEY_0$' >"$work/so.names"
grep -q '^sidekey_open$' "$work/so.names" || fail "no sidekey_open in the .so"
if grep -v '^sidekey_' "$work/so.names"; then
    fail "the .so exports more than sidekey_ names"
fi
nm -g --defined-only "$prefix/lib/libsidekey.a" | awk 'NF == 3 { print $3 }' \
    >"$work/a.names"
grep -q '^sidekey_open$' "$work/a.names" || fail "no sidekey_open in the .a"
if grep -v '^sidekey_' "$work/a.names"; then
    fail "the .a shows more than sidekey_ names"
fi
# Every function of the header is there.
# shellcheck disable=SC2013 # names have no spaces
for name in $(sed -n 's/^[^*]*\b\(sidekey_[a-z_]*\)(.*/\1/p' \
    "$prefix"/include/sidekey*.h | grep -v '_free$\|^sidekey_status$\|^sidekey_async_done$' | sort -u); do
    grep -qx "$name" "$work/so.names" || fail "$name is declared, not exported"
done

cat >"$work/plus.cpp" <<'EOF'
#include <cstdio>
#include <sidekey.h>
#include <sidekey_async.h>
#include <sidekey_keys.h>
#include <sidekey_stream.h>

int main()
{
    sidekey *agent = nullptr;
    struct sidekey_hello hello;
    if (sidekey_open(nullptr, &agent) != SIDEKEY_OK) {
        return 1;
    }
    sidekey_status status = sidekey_hello(agent, 60000, &hello);
    std::printf("%s %s\n", sidekey_status_name(status), hello.agent);
    sidekey_close(&agent);
    return status == SIDEKEY_OK ? 0 : 1;
}
EOF

cc=${CC:-cc}
cxx=${CXX:-c++}
flags=$(pkg-config --cflags sidekey)
shared=$(pkg-config --libs sidekey)
# The library itself by its file, what it needs by pkg-config.
static=$(pkg-config --libs --static sidekey | sed 's/-lsidekey\b//')
example=$root/libclient/examples/example.c

# shellcheck disable=SC2086 # flags are lists
{
    $cc -std=c11 -Wall -Wextra -pedantic -Werror $flags "$example" $shared \
        -o "$work/c-shared"
    $cc -std=c11 $flags "$example" "$prefix/lib/libsidekey.a" $static \
        -o "$work/c-static"
    $cxx -std=c++11 -Wall -Wextra -pedantic -Werror $flags "$work/plus.cpp" \
        $shared -o "$work/cxx-shared"
    $cxx -std=c++11 $flags "$work/plus.cpp" "$prefix/lib/libsidekey.a" \
        $static -o "$work/cxx-static"
}

export SIDEKEY_SOCKET="$work/agent.sock"
"$build/sidekeyd" --dev --socket "$SIDEKEY_SOCKET" 2>"$work/agent.log" &
agent=$!

# The library itself waits for an agent that is just starting.
export LD_LIBRARY_PATH="$prefix/lib"
"$prefix/bin/sidekey" health --timeout 60s || {
    cat "$work/agent.log" >&2
    fail "the agent is not healthy"
}
for program in c-shared c-static; do
    "$work/$program" "$tenant" | grep -q 'opened as 20$' || fail "$program"
done
for program in cxx-shared cxx-static; do
    "$work/$program" | grep -q "^OK sidekeyd/$version\$" || fail "$program"
done

# And the command line, with more than fits one message.
head -c 1000000 /dev/urandom >"$work/plain"
"$prefix/bin/sidekey" encrypt "$tenant" -i "$work/plain" -o "$work/sealed"
"$prefix/bin/sidekey" rewrap -q "$tenant" "$work/sealed"
"$prefix/bin/sidekey" decrypt "$tenant" <"$work/sealed" | cmp - "$work/plain" ||
    fail "decrypt gives other bytes"
"$prefix/bin/sidekey" status >/dev/null
"$prefix/bin/sidekey" tenants | grep -q "$tenant" || fail "tenants"
echo "1 passed, 0 failed"
