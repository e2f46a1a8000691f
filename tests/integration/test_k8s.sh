#!/bin/sh
# test_k8s.sh - the manifests, the chart and the image's files, as far as they
# can be tried without a cluster: rendered, held against a schema, their
# configuration read by the agent itself, and the agent run in the image's root.
#
# usage: test_k8s.sh BUILD_FOLDER
set -eu

build=$(cd "${1:?usage: $0 BUILD_FOLDER}" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
gocode=/usr/share/gocode
work=$(mktemp -d)
socket=/run/sidekey/sidekey.sock
agent=
stop() {
    status=$?
    [ -z "$agent" ] || kill "$agent" 2>/dev/null || true
    rm -rf "$work"
    exit "$status"
}
trap stop EXIT
trap 'exit 130' INT TERM
passed=0
failed=0

check() { # WHAT COMMAND...
    what=$1
    shift
    if "$@" >"$work/out" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: $what"
        tail -n 20 "$work/out"
    fi
}
skip() { echo "SKIPPED: $*"; }

# ---- texts ---------------------------------------------------------------

if command -v yamllint >/dev/null; then
    # shellcheck disable=SC2046 # file names of ours have no spaces
    check "yamllint" yamllint -s -c "$root/tests/k8s/yamllint.yaml" \
        $(cd "$root" && find contrib/k8s -name '*.yaml' ! -path '*/chart/templates/*' | sed "s|^|$root/|")
else
    skip "there is no yamllint"
fi

check "the seccomp profile is the agent's own list" python3 "$root/tests/k8s/seccomp.py"

# ---- manifests -----------------------------------------------------------

render_chart() {
    go=
    for candidate in ${GO:-} /usr/lib/go-*/bin/go go; do
        if command -v "$candidate" >/dev/null 2>&1; then
            go=$candidate
            break
        fi
    done
    [ -n "$go" ] && [ -d "$gocode/src/github.com/Masterminds/sprig" ] || return 1
    export GOCACHE="$build/go-cache"
    export GO111MODULE=off GOPATH="$gocode" GOFLAGS='' GOTOOLCHAIN=local CGO_ENABLED=0
    (cd "$root/tests/k8s/render" && "$go" vet . && "$go" build -o "$work/render" .)
}
# Overlays with patches need the kustomize of kubectl 1.21 or later.
if ! kubectl kustomize "$root/contrib/k8s/overlays/production" >/dev/null 2>&1 &&
    ! kubectl version --client 2>/dev/null | grep -q Kustomize; then
    skip "there is no kubectl with kustomize 4 or later"
elif ! render_chart; then
    skip "there is no Go with sprig and yaml.v3"
elif python3 "$root/tests/k8s/check.py" "$build" "$work/render" >"$work/checked" 2>&1; then
    passed=$((passed + $(tail -n 1 "$work/checked" | cut -d ' ' -f 1)))
else
    failed=$((failed + 1))
    cat "$work/checked"
fi

# ---- the image's root ----------------------------------------------------

in_root() { chroot --userspec=10001:10001 "$work/root" "$@"; }
encrypts_in_root() {
    # Not by in_root: $! must be the agent.
    chroot --userspec=10001:10001 "$work/root" /usr/sbin/sidekeyd --dev --socket "$socket" >"$work/agent.log" 2>&1 &
    agent=$!
    tries=0
    until in_root /usr/bin/sidekey health --quiet --socket "$socket"; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || break
    done
    printf 'in an image' | in_root /usr/bin/sidekey encrypt t1 --socket "$socket" -o - |
        in_root /usr/bin/sidekey decrypt t1 --socket "$socket" -o - >"$work/opened"
    kill "$agent"
    wait "$agent" || return 1
    agent=
    [ "$(cat "$work/opened")" = "in an image" ]
}
if [ "$(id -u)" -ne 0 ]; then
    skip "the image's root needs root"
else
    for at in root again; do
        check "rootfs.sh" env SOURCE_DATE_EPOCH=1700000000 sh "$root/contrib/k8s/rootfs.sh" "$build" "$work/$at"
        tar --sort=name -C "$work/$at" -cf "$work/$at.tar" .
    done
    check "both times the same files" cmp "$work/root.tar" "$work/again.tar"
    check "the agent works in it as another user" encrypts_in_root
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
