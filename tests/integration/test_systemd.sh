#!/bin/sh
# test_systemd.sh - the units as `make install` puts them: they follow PREFIX,
# systemd finds nothing wrong with them, they score 1.1 or better, and uninstall
# leaves nothing.
# Usage: test_systemd.sh BUILD    (in the root of the tree)
set -u
b=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
passed=0
failed=0
most=1.1

if ! command -v systemd-analyze >/dev/null; then
    echo "SKIPPED: no systemd-analyze"
    exit 0
fi

# shellcheck source=tests/lib/expect.sh
. "$(dirname "$0")/../lib/expect.sh"
expect_not() { # SENTENCE COMMAND...
    sentence=$1
    shift
    if "$@" >"$dir/out" 2>&1; then
        failed=$((failed + 1))
        echo "FAIL: $sentence"
    else
        passed=$((passed + 1))
    fi
}
install_to() { # STAGE PREFIX
    make --no-print-directory -s B="$b" DESTDIR="$1" PREFIX="$2" install
}
is_good_score() { # UNIT
    systemd-analyze security --offline=true "$1" >"$dir/security" 2>/dev/null
    score=$(sed -n 's/.*Overall exposure level for [^:]*: \([0-9.]*\) .*/\1/p' "$dir/security")
    echo "score $score"
    [ -n "$score" ] && awk -v a="$score" -v b="$most" 'BEGIN { exit !(a + 0 <= b + 0) }'
}
# In a staged root verify looks for the programs, and for the targets that every
# unit depends on, there.
verify() { # STAGE UNITS...
    stage=$1
    shift
    mkdir -p "$stage/usr/bin" "$stage/usr/lib/systemd/system"
    cp /bin/kill "$stage/usr/bin/kill"
    for name in /lib/systemd/system/*.target /lib/systemd/system/system.slice; do
        [ ! -f "$name" ] || cp "$name" "$stage/usr/lib/systemd/system/"
    done
    SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no --recursive-errors=no --root="$stage" "$@"
}

for prefix in /usr /usr/local /opt/sidekey; do
    stage=$dir/stage$prefix
    units=$prefix/lib/systemd/system
    expect "make install PREFIX=$prefix" install_to "$stage" "$prefix"
    expect "ExecStart is in $prefix" grep -q "^ExecStart=$prefix/sbin/sidekeyd " "$stage$units/sidekeyd.service"
    expect "and is there" test -x "$stage$prefix/sbin/sidekeyd"
    expect "the score is $most or better" is_good_score "$stage$units/sidekeyd.service"
done
stage=$dir/stage/usr
expect "systemd finds nothing wrong" verify "$stage" sidekeyd.service sidekeyd.socket
expect "and says nothing" test ! -s "$dir/out"
echo 'Nonsense=yes' >>"$stage/usr/lib/systemd/system/sidekeyd.socket"
verify "$stage" sidekeyd.service sidekeyd.socket >"$dir/nonsense" 2>&1
expect "nonsense would be found" grep -q Nonsense "$dir/nonsense"

mkdir -p "$stage/etc"
expect "the user is made" systemd-sysusers --root="$stage" sidekey.conf
expect "and is there" grep -q '^sidekey:' "$stage/etc/passwd"
if [ "$(id -u)" = 0 ]; then
    expect "the folders are made" systemd-tmpfiles --root="$stage" --create sidekey.conf
    expect "and are there" test -d "$stage/etc/sidekey" -a -d "$stage/run/sidekey" -a -d "$stage/var/lib/sidekey/root"
else
    echo "SKIPPED: only root makes the folders"
fi

for setting in RestrictNamespaces NoNewPrivileges SystemCallFilter IPAddressDeny RootDirectory; do
    grep -v "^$setting=" contrib/systemd/sidekeyd.service >"$dir/sidekeyd.service"
    expect_not "without $setting the score is worse" is_good_score "$dir/sidekeyd.service"
done

stage=$dir/stage/opt/sidekey
expect "make uninstall" make --no-print-directory -s B="$b" DESTDIR="$stage" PREFIX=/opt/sidekey uninstall
left=$(find "$stage" ! -type d)
expect "uninstall leaves nothing: $left" test -z "$left"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
