#!/bin/sh
# test_deb_boot.sh - a Debian 12 of its own, booted with its systemd as process 1
# of namespaces: the packages that `make deb` has built are installed, set up,
# upgraded under clients that must not notice, removed, purged and installed
# again.
#
# Needs root, a cgroup2 hierarchy and, the first time, debootstrap and a mirror
# (MIRROR=URL); what that makes is kept in build/debian-12-*.tar.
# Usage: test_deb_boot.sh BUILD    (in the root of the tree; BUILD unused)
set -u

# ---- inside: what becomes process 1 -------------------------------------------

if [ "$1" = --inside ]; then
    set -e
    root=$2
    mount --make-rprivate /
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount -t sysfs sysfs "$root/sys"
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    for folder in run tmp dev; do mount -t tmpfs -o mode=755 "$folder" "$root/$folder"; done
    chmod 1777 "$root/tmp"
    for node in null zero full random urandom tty; do
        : >"$root/dev/$node"
        mount --bind "/dev/$node" "$root/dev/$node"
    done
    : >"$root/dev/console"
    mount --bind /dev/null "$root/dev/console"
    mkdir "$root/dev/shm" "$root/dev/pts" "$root/run/oldroot"
    mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    cd "$root"
    pivot_root . run/oldroot
    umount -l /run/oldroot
    mount --make-rshared /
    exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=probe.target --show-status=0
fi

# ---- outside -------------------------------------------------------------------

skip() {
    echo "SKIPPED: the packages cannot be installed in a system of their own: $1"
    exit 0
}
passed=0
failed=0
unshare_pid=
systemd_pid=
dir=$(mktemp -d)
root=$dir/root
cgroup=
mirror=${MIRROR:-http://deb.debian.org/debian}
names="sidekeyd sidekey-tools libsidekey0 libsidekey-dev"
# What the packages depend on; there is no network inside.
needs=systemd,systemd-sysv,init-system-helpers,libcjson1,libcurl4,libmicrohttpd12,libmsgpackc2,libseccomp2,libsodium23
needs=$needs,libssl3,libuv1,libsodium-dev,libssl-dev,libmsgpack-dev
# Another one when they change.
cache=build/debian-12-$(echo "$needs" | cksum | cut -d ' ' -f 1).tar

clean_up() {
    [ -z "$unshare_pid" ] || kill -KILL "$unshare_pid" 2>/dev/null
    [ -z "$unshare_pid" ] || wait "$unshare_pid" 2>/dev/null
    if [ -n "$cgroup" ]; then
        # The last processes take a moment to be gone.
        echo 1 2>/dev/null >"$cgroup/cgroup.kill"
        for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
            find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null
            [ -d "$cgroup" ] || break
            sleep 0.2
        done
    fi
    # What debootstrap mounts there, should it have been interrupted.
    for folder in proc sys; do umount -l "$root/$folder" 2>/dev/null; done
    rm -rf --one-file-system "$dir"
}
trap clean_up EXIT
trap 'exit 1' HUP INT PIPE TERM

inside() { nsenter -t "$systemd_pid" -m -p -C -n -i -u env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive timeout 120 "$@"; }
expect() { # SENTENCE COMMAND...
    sentence=$1
    shift
    if "$@" >"$dir/out" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: $sentence"
        cat "$dir/out"
        [ "$failed" -gt 1 ] || inside journalctl -u sidekeyd.service -u sidekeyd.socket -n 20 --no-pager
    fi
}
not() { ! "$@"; }
until_true() { # SECONDS COMMAND...
    tries=$(($1 * 5))
    shift
    while [ "$tries" -gt 0 ]; do
        "$@" >/dev/null 2>&1 && return 0
        tries=$((tries - 1))
        sleep 0.2
    done
    return 1
}
property() { inside systemctl show -p "$1" --value "$2"; }
main_pid() { property MainPID sidekeyd.service; }
# All that packages may leave behind; not what dpkg and systemd keep of any package.
list_files() {
    (cd "$root" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./tmp -o -path ./run \) -prune \
        -o -print | grep -v -e '^\./var/lib/dpkg/' -e '^\./var/cache/ldconfig/' -e '^\./var/log/dpkg.log' -e '^\./etc/[a-z]*-$' \
        -e '^\./var/lib/systemd/' -e '^\./var/tmp/' | sort)
}
# VERSION: the same packages with that version, in the system's /packages
repack() {
    for name in $names; do
        dpkg-deb -R build/deb/"$name"_*.deb "$dir/pack"
        sed -i -e "s/^Version: .*/Version: $1/" -e "s/\(libsidekey0 (= \)[^)]*/\1$1/" "$dir/pack/DEBIAN/control"
        dpkg-deb --root-owner-group -b "$dir/pack" "$root/packages/$name-$1.deb" >/dev/null
        rm -rf "$dir/pack"
    done
}
packages() { for name in $names; do echo "/packages/$name-$1.deb"; done; }

[ "$(id -u)" = 0 ] || skip "not root"
hierarchy=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$hierarchy" ] || skip "no cgroup2 hierarchy"
mkdir "$root"
if [ ! -f "$cache" ]; then
    command -v debootstrap >/dev/null || skip "no debootstrap"
    debootstrap --variant=minbase --include="$needs" bookworm "$root" "$mirror" >"$dir/log" 2>&1 ||
        skip "debootstrap: $(tail -n 1 "$dir/log")"
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
    tar -C "$root" --one-file-system -cf "$cache.new" . && mv "$cache.new" "$cache"
else
    tar -C "$root" -xf "$cache"
fi
for name in $names; do
    [ -f "$(ls build/deb/"$name"_*.deb 2>/dev/null)" ] || { echo "no package $name: make deb" && exit 1; }
done

for unit in systemd-udevd.service systemd-udev-trigger.service systemd-udevd-kernel.socket systemd-udevd-control.socket \
    systemd-modules-load.service systemd-sysctl.service systemd-random-seed.service systemd-remount-fs.service \
    systemd-binfmt.service systemd-update-utmp.service systemd-machine-id-commit.service dev-hugepages.mount \
    dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount \
    sys-fs-fuse-connections.mount proc-sys-fs-binfmt_misc.automount; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
printf '[Unit]\nRequires=basic.target\nAfter=basic.target\n' >"$root/etc/systemd/system/probe.target"
mkdir "$root/packages"
now=$(dpkg-deb -f build/deb/sidekeyd_*.deb Version)
repack "$now"
repack "$now+1"

mkdir "$hierarchy/sidekey-deb-$$" 2>/dev/null || skip "$hierarchy is not writable"
cgroup=$hierarchy/sidekey-deb-$$
# The process joins the group first, so that it is the root of what is seen inside.
# shellcheck disable=SC2016 # for the inner shell
sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$cgroup" \
    unshare -mpfCniu --kill-child sh "$0" --inside "$root" >"$dir/log" 2>&1 &
unshare_pid=$!
is_booted() {
    systemd_pid=$(ps -o pid= --ppid "$unshare_pid" | tr -d ' ' | head -n 1)
    [ -n "$systemd_pid" ] && inside systemctl is-active probe.target
}
until_true 120 is_booted || skip "it does not come up here: $(tail -n 1 "$dir/log")"
inner=/proc/$systemd_pid/root

# ---- installed
list_files >"$dir/before"
# shellcheck disable=SC2046 # one word a package
expect "they are installed" inside dpkg -i $(packages "$now")
for name in $names; do
    # shellcheck disable=SC2016 # for dpkg-query
    expect "$name is configured" test "$(inside dpkg-query -W -f '${db:Status-Status}' "$name")" = installed
    expect "$name is as it was packed" inside dpkg --verify "$name"
done
expect "nothing has failed" test -z "$(inside systemctl --failed --plain --no-legend)"
expect "the agent waits to be set up" test "$(property ActiveState sidekeyd.service)" = inactive
expect "it is started with the machine" inside systemctl is-enabled sidekeyd.service sidekeyd.socket
expect "its user is there" inside getent passwd sidekey
expect "its folders are there" inside test -d /var/lib/sidekey/root/usr
expect "its folder of sockets is its own" test "$(inside stat -c %U /run/sidekey)" = sidekey

# ---- set up
cat >"$inner/etc/sidekey/application.json" <<'CONFIG'
{"crypto": {"mode": "local-multi-keys", "update_period": "2h"}, "sidekey": {"metrics": ""}}
CONFIG
cp "$inner/etc/sidekey/application.json" "$dir/application.json"
(
    umask 077
    cat >"$inner/etc/sidekey/secret.json" <<'SECRET'
{"crypto": {"tenant_keys": {"t": "SuUQdM2keQHz+kltExGZkoBapzYQeSnqu4d36U5FVCg="}}}
SECRET
)
expect "it starts" inside systemctl start sidekeyd.socket sidekeyd.service
expect "it has its key" inside sidekey pubkey t

# ---- upgraded under clients
# shellcheck disable=SC2016 # for the inner shell
inside sh -c 'n=0; bad=0; while [ ! -e /run/enough ]; do
    n=$((n + 1)); sidekey pubkey t >/dev/null 2>>/run/errors || bad=$((bad + 1)); echo "$n $bad" >/run/clients; done' &
clients=$!
until_true 60 test -s "$inner/run/clients"
pid=$(main_pid)
socket=$(property InvocationID sidekeyd.socket)
# shellcheck disable=SC2046 # one word a package
expect "they are upgraded" inside dpkg -i $(packages "$now+1")
# shellcheck disable=SC2016 # for dpkg-query
expect "to the new version" test "$(inside dpkg-query -W -f '${Version}' sidekeyd)" = "$now+1"
expect "another agent runs" test "$(main_pid)" != "$pid"
expect "and is well" inside sidekey health
expect "on the same socket" test "$(property InvocationID sidekeyd.socket)" = "$socket"
read -r n_upgraded _ <"$inner/run/clients"
# shellcheck disable=SC2317 # called by until_true
asked_more() { read -r n _ <"$inner/run/clients" && [ "$n" -gt $((n_upgraded + 10)) ]; }
expect "clients go on" until_true 60 asked_more
: >"$inner/run/enough"
wait "$clients"
read -r n_asked n_failed <"$inner/run/clients"
expect "clients asked meanwhile ($n_asked)" test "$n_asked" -gt 20
expect "and none of them failed ($n_failed): $(sort "$inner/run/errors" | uniq -c | head -n 3)" test "$n_failed" = 0
expect "what the operator wrote is kept" cmp "$dir/application.json" "$inner/etc/sidekey/application.json"

# ---- removed, purged
# shellcheck disable=SC2086 # one word a package
expect "they are removed" inside dpkg -r $names
expect "the agent is gone" test "$(property ActiveState sidekeyd.service)" = inactive
expect "and its socket" inside test ! -e /run/sidekey/sidekey.sock
expect "its configuration is kept" cmp "$dir/application.json" "$inner/etc/sidekey/application.json"
expect "they are purged" inside dpkg -P sidekeyd sidekey-tools libsidekey0 libsidekey-dev
cp "$dir/out" "$dir/purged"
list_files >"$dir/after"
printf '%s\n' ./etc/sidekey ./etc/sidekey/secret.json >"$dir/wanted"
comm -13 "$dir/before" "$dir/after" >"$dir/left"
expect "nothing is left but the operator's secret" diff "$dir/wanted" "$dir/left"
expect "of which purging tells" grep -q 'secret.json is left in place' "$dir/purged"
expect "nothing else went" test -z "$(comm -23 "$dir/before" "$dir/after")"
expect "nothing is left in /run" inside test ! -e /run/sidekey
expect "nothing has failed to the end" test -z "$(inside systemctl --failed --plain --no-legend)"
expect "the user stays, as Debian has it" inside getent passwd sidekey

# ---- and again
# shellcheck disable=SC2046 # one word a package
expect "they are installed again" inside dpkg -i $(packages "$now")
expect "which serves at once, as the secret is there" inside sidekey pubkey t
rm "$inner/etc/sidekey/secret.json"
expect "they are purged again" inside dpkg -P sidekeyd sidekey-tools libsidekey0 libsidekey-dev
list_files >"$dir/after"
expect "nothing is left at all" diff "$dir/before" "$dir/after"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
