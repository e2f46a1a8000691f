#!/bin/sh
# test_interop_go.sh - a Go client on a MessagePack-RPC codec off the shelf.
#
# usage: test_interop_go.sh BUILD_FOLDER
#
# Builds tests/interop/go with Debian's Go and codec, without a network, and runs
# it against `sidekeyd --dev`.  Without them it is skipped, unless
# SIDEKEY_REQUIRE_SHARED is set.  GO names another Go.
set -eu

build=$(cd "${1:?usage: $0 BUILD_FOLDER}" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
gocode=/usr/share/gocode
work=$(mktemp -d)
agent=

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

skip() {
    if [ -n "${SIDEKEY_REQUIRE_SHARED:-}" ]; then
        echo "FAIL: $*"
        exit 1
    fi
    echo "SKIPPED: $*"
    echo "0 passed, 0 failed"
    exit 0
}

# Debian's own Go comes first: it is the one that its codec is tested with.
go=
for candidate in ${GO:-} /usr/lib/go-*/bin/go go; do
    if command -v "$candidate" >/dev/null 2>&1; then
        go=$candidate
        break
    fi
done
[ -n "$go" ] || skip "there is no Go (Debian: golang-go)"
[ -d "$gocode/src/github.com/ugorji/go/codec" ] ||
    skip "there is no codec (Debian: golang-github-ugorji-go-codec-dev)"

# Kept in the build folder, for the codec takes longer to build than to test.
export GOCACHE="$build/go-cache"
export GO111MODULE=off GOPATH="$gocode" GOFLAGS='' GOTOOLCHAIN=local CGO_ENABLED=0
cd "$root/tests/interop/go"
"$go" vet .
"$go" build -o "$work/client" .

socket=$work/agent.sock
"$build/sidekeyd" --dev --socket "$socket" >"$work/agent.out" 2>"$work/agent.log" &
agent=$!

# The client waits for the agent by itself, and prints the counts.
timeout 600 "$work/client" "$socket" "$build/sidekey" "$root/protocol/PROTOCOL.md" || {
    tail -n 20 "$work/agent.log"
    exit 1
}
