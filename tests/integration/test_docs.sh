#!/bin/sh
# test_docs.sh - every command of docs/*.md works as it stands there, in order,
# and every C program there compiles without a warning.
#
# usage: test_docs.sh BUILD_FOLDER
#
# Runs on a staged installation.  Pages that set up a whole machine run in a
# mount namespace of their own, with systemctl, kubectl and sudo played by
# tests/docs/bin: that needs root, and is skipped without.
set -eu

build=$(cd "${1:?usage: $0 BUILD_FOLDER}" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
passed=0
failed=0

stage=$work/stage
make -s -C "$root" B="$build" DESTDIR="$stage" PREFIX=/usr install >"$work/install.log" 2>&1 || {
    cat "$work/install.log"
    exit 1
}
mkdir "$work/bin"
# Debian's own, which has Debian's modules.
ln -s /usr/bin/python3 "$work/bin/python3"
export PATH="$work/bin:$root/tests/docs/bin:$stage/usr/bin:$stage/usr/sbin:$PATH"
export PKG_CONFIG_PATH="$stage/usr/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$stage"
export LD_LIBRARY_PATH="$stage/usr/lib"
export CFLAGS=-Wall

run_page() { # NAME [WRAPPER...]
    page=$1
    shift
    home=$work/$page
    mkdir -p "$home/run"
    chmod 700 "$home/run"
    n=$(python3 "$root/tests/docs/blocks.py" "$root/docs/$page.md" "$home") || {
        failed=$((failed + 1))
        return
    }
    (
        cd "$home"
        export HOME="$home" XDG_RUNTIME_DIR="$home/run" SIDEKEY_SOCKET="$home/run/sidekey/sidekey.sock"
        export SOURCES="$root" BUILD="$build"
        timeout 600 "$@" bash script.sh 3>went >out 2>&1
    ) || true
    went=$(wc -l <"$home/went")
    passed=$((passed + went))
    if [ "$went" -ne "$n" ]; then
        failed=$((failed + n - went))
        echo "FAIL: docs/$page.md: $went of $n blocks went through; the last said:"
        tail -n 25 "$home/out"
    fi
}

run_page client-guide env
run_page migration env
run_page operations env
if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
    run_page getting-started unshare -m sh "$root/tests/docs/machine.sh"
else
    echo "SKIPPED: docs/getting-started.md needs root"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
