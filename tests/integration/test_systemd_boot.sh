#!/bin/sh
# test_systemd_boot.sh - a real systemd, as process 1 of namespaces of its own
# over a copy-on-write root, runs the agent from the installed units: started by
# the first client, reloaded, restarted and killed under clients that must not
# notice, confined, and stopped.
#
# Needs root, overlayfs and a cgroup2 hierarchy; leaves nothing behind.
# Usage: test_systemd_boot.sh BUILD    (in the root of the tree)
set -u
b=$1

# ---- inside: what becomes process 1 -------------------------------------------

if [ "$b" = --inside ]; then
    set -e
    work=$2
    root=$work/root
    mount --make-rprivate /
    mount -t tmpfs upper "$work"
    mkdir "$work/upper" "$work/work" "$root"
    mount -t overlay overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work" "$root"
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
    mkdir "$root/dev/shm" "$root/dev/pts"
    mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    # Nothing of this machine's is started, and nothing is told about it.
    rm -rf "$root"/etc/systemd/system/*.wants "$root"/etc/systemd/system/*.requires
    for unit in systemd-udevd.service systemd-udev-trigger.service systemd-udevd-kernel.socket systemd-udevd-control.socket \
        systemd-modules-load.service systemd-sysctl.service systemd-random-seed.service systemd-remount-fs.service \
        systemd-binfmt.service systemd-update-utmp.service systemd-hwdb-update.service systemd-machine-id-commit.service \
        dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount \
        sys-fs-fuse-connections.mount proc-sys-fs-binfmt_misc.automount; do
        ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
    printf '[Unit]\nRequires=basic.target\nAfter=basic.target\n' >"$root/etc/systemd/system/probe.target"
    mkdir "$root/oldroot"
    cd "$root"
    pivot_root . oldroot
    umount -l /oldroot
    # As nspawn does: what units mount must reach them.
    mount --make-rshared /
    exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin "$3" --system --unit=probe.target --show-status=0
fi

# ---- outside -------------------------------------------------------------------

skip() {
    echo "SKIPPED: a systemd cannot be booted: $1"
    exit 0
}
passed=0
failed=0
unshare_pid=
systemd_pid=
dir=$(mktemp -d)
cgroup=

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
    rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 1' HUP INT PIPE TERM

inside() { nsenter -t "$systemd_pid" -m -p -C -n timeout 600 "$@"; }
expect() { # SENTENCE COMMAND...
    sentence=$1
    shift
    if "$@" >"$dir/out" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: $sentence"
        cat "$dir/out"
        [ "$failed" -gt 1 ] || inside journalctl -u sidekeyd.service -n 20 --no-pager
    fi
}
# until SECONDS COMMAND...
until_true() {
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

[ "$(id -u)" = 0 ] || skip "not root"
for tool in /lib/systemd/systemd /usr/lib/systemd/systemd; do
    [ ! -x "$tool" ] || systemd=$tool
done
[ -n "${systemd:-}" ] || skip "no systemd"
hierarchy=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$hierarchy" ] || skip "no cgroup2 hierarchy"
mkdir "$hierarchy/sidekey-test-$$" 2>/dev/null || skip "$hierarchy is not writable"
cgroup=$hierarchy/sidekey-test-$$
unshare -m sh -c "mount --make-rprivate / && mount -t tmpfs t '$dir' && mkdir '$dir/u' '$dir/w' '$dir/m' &&
    mount -t overlay o -o 'lowerdir=/,upperdir=$dir/u,workdir=$dir/w' '$dir/m'" 2>/dev/null || skip "no overlayfs"

# The process joins the group first, so that it is the root of what is seen inside.
# shellcheck disable=SC2016 # for the inner shell
sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$cgroup" \
    unshare -mpfCniu --kill-child sh "$0" --inside "$dir" "$systemd" >"$dir.log" 2>&1 &
unshare_pid=$!
is_booted() {
    systemd_pid=$(ps -o pid= --ppid "$unshare_pid" | tr -d ' ' | head -n 1)
    [ -n "$systemd_pid" ] && inside systemctl is-active probe.target
}
if ! until_true 120 is_booted; then
    reason=$(tail -n 1 "$dir.log")
    rm -f "$dir.log"
    skip "it does not come up here: $reason"
fi
rm -f "$dir.log"

root=/proc/$systemd_pid/root
expect "it is installed" make --no-print-directory -s B="$b" PREFIX=/usr DESTDIR="$root" install
expect "the user is made" inside systemd-sysusers sidekey.conf
expect "the folders are made" inside systemd-tmpfiles --create sidekey.conf
cat >"$root/etc/sidekey/application.json" <<'CONFIG'
{"crypto": {"mode": "local-multi-keys", "update_period": "1h"}, "sidekey": {"metrics": ""}}
CONFIG
cat >"$root/etc/sidekey/secret.json" <<'SECRET'
{"crypto": {"tenant_keys": {"t": "SuUQdM2keQHz+kltExGZkoBapzYQeSnqu4d36U5FVCg="}}}
SECRET
chmod 600 "$root/etc/sidekey/secret.json"
expect "systemd reads the units" inside systemctl daemon-reload

# ---- started by its first client
expect "the socket is there before the agent" inside systemctl start sidekeyd.socket
expect "the agent is not there yet" test "$(property ActiveState sidekeyd.service)" = inactive
expect "the first client is answered" inside sidekey health --live
expect "and has started the agent" until_true 60 inside systemctl is-active sidekeyd.service
inside sidekey status >"$dir/status" 2>&1
expect "it has its key, from the credential that systemd read" grep -q 'tenants *1 active' "$dir/status"

# ---- confined
pid=$(main_pid)
inside cat "/proc/$pid/status" >"$dir/process" 2>&1
uid=$(inside id -u sidekey)
expect "it runs as its own user" grep -Eq "^Uid:[[:space:]]+${uid}[[:space:]]+${uid}[[:space:]]" "$dir/process"
expect "it has no capability" grep -q 'CapBnd:[[:space:]]*0000000000000000' "$dir/process"
expect "it gets no new privilege" grep -q 'NoNewPrivs:[[:space:]]*1' "$dir/process"
expect "its system calls are filtered" grep -q 'Seccomp:[[:space:]]*2' "$dir/process"
expect "its root is its own" test ! -e "$root/proc/$pid/root/home"
expect "its memory is locked all the same" grep -Eq 'memory *(memfd_secret|mlock), [1-9]' "$dir/status"

cat >"$dir/calls.c" <<'CALLS'
#define _GNU_SOURCE
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
static void say(const char *name, long result)
{
    printf("%s %s\n", name, result < 0 && errno == EPERM ? "refused" : "allowed");
}
static char page[4096];
int main(void)
{
    struct rlimit none = { 0, 0 };
    struct addrinfo *found = NULL;
    unsigned action = 0x7fff0000U; /* SECCOMP_RET_ALLOW */
    say("landlock", syscall(444, NULL, 0, 1));
    say("memfd_secret", syscall(447, 0));
    say("mlock", mlock(page, sizeof page));
    say("prlimit", prlimit(0, RLIMIT_CORE, &none, NULL));
    say("prctl", prctl(PR_SET_DUMPABLE, 0));
    say("seccomp", syscall(SYS_seccomp, 2 /* GET_ACTION_AVAIL */, 0, &action));
    say("pidfd_open", syscall(SYS_pidfd_open, getpid(), 0));
    printf("getaddrinfo %s\n", getaddrinfo("localhost", "1", NULL, &found) == 0 ? "allowed" : "refused");
    say("io_uring", syscall(425, 1, page));
    say("ptrace", syscall(SYS_ptrace, 16, 1, NULL, NULL));
    say("setuid", syscall(SYS_setuid, 0));
    say("mount", syscall(SYS_mount, "a", "/", "tmpfs", 0, NULL));
    return 0;
}
CALLS
cc=${CC:-cc}
if $cc -o "$root/usr/sbin/calls" "$dir/calls.c" 2>"$dir/out"; then
    sed -e 's|^ExecStart=.*|ExecStart=/usr/sbin/calls|' -e 's|^Type=.*|Type=oneshot|' -e '/^Requires=/d' -e '/^Also=/d' \
        -e '/^Restart/d' -e '/^Watchdog/d' -e '/^RuntimeDir/d' "$root/usr/lib/systemd/system/sidekeyd.service" \
        >"$root/etc/systemd/system/calls.service"
    printf '[Service]\nStandardOutput=file:/run/sidekey/calls\n' >"$dir/calls.conf"
    mkdir "$root/etc/systemd/system/calls.service.d"
    cp "$dir/calls.conf" "$root/etc/systemd/system/calls.service.d/"
    inside systemctl daemon-reload
    inside systemctl start calls.service >/dev/null 2>&1
    cp "$root/run/sidekey/calls" "$dir/calls" 2>/dev/null || : >"$dir/calls"
    for call in landlock memfd_secret mlock prlimit prctl seccomp pidfd_open getaddrinfo; do
        expect "the unit allows $call" grep -q "^$call allowed" "$dir/calls"
    done
    for call in io_uring ptrace setuid mount; do
        expect "the unit refuses $call" grep -q "^$call refused" "$dir/calls"
    done
else
    expect "the program of system calls is built" false
fi

# ---- reloaded, restarted and killed under clients
expect "it is reloaded" inside systemctl reload sidekeyd.service
expect "and stays" test "$(main_pid)" = "$pid"
# shellcheck disable=SC2016 # for the inner shell
inside sh -c 'n=0; bad=0; while [ ! -e /run/enough ]; do
    n=$((n + 1)); sidekey health --live --timeout 60s >/dev/null 2>&1 || bad=$((bad + 1)); done; echo "$n $bad" >/run/clients' &
clients=$!
for _ in 1 2 3; do expect "it is restarted" inside systemctl restart sidekeyd.service; done
pid=$(main_pid)
inside kill -KILL "$pid"
# shellcheck disable=SC2317 # called by until_true
has_another_pid() { new=$(main_pid) && [ "$new" != 0 ] && [ "$new" != "$pid" ]; }
expect "a killed one is started again" until_true 60 has_another_pid
: >"$root/run/enough"
wait "$clients"
read -r n_asked n_failed <"$root/run/clients"
expect "clients asked meanwhile ($n_asked)" test "$n_asked" -gt 0
expect "and none of them failed ($n_failed)" test "$n_failed" -eq 0

# ---- stopped, and not started in vain
until_true 60 inside systemctl is-active sidekeyd.service
expect "it stops" inside systemctl stop sidekeyd.service
expect "with success" test "$(property Result sidekeyd.service)" = success
expect "and the socket stays" test -S "$root/run/sidekey/sidekey.sock"
inside systemctl stop sidekeyd.socket
echo '{"crypto": {"mode": "nonsense"}}' >"$root/etc/sidekey/application.json"
inside systemctl start sidekeyd.service >/dev/null 2>&1
expect "a wrong configuration is not tried again and again" test "$(property NRestarts sidekeyd.service)" = 0
expect "but is a failure" test "$(property ActiveState sidekeyd.service)" = failed
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
