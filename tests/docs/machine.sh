#!/bin/sh
# machine.sh - a machine of its own for a page: run in a mount namespace
# (unshare -m), it lays a throw-away layer over /etc, /usr/local and /var and
# empty folders over /run/sidekey and /opt, then runs COMMAND.  Nothing that the
# page does is there afterwards.
# Usage: unshare -m sh machine.sh COMMAND...
set -eu

mount --make-rprivate /
layers=$(mktemp -d)
mount -t tmpfs none "$layers"
for folder in /etc /usr/local /var; do
    name=$(echo "$folder" | tr / _)
    mkdir "$layers/$name" "$layers/$name.work"
    mount -t overlay overlay -o "lowerdir=$folder,upperdir=$layers/$name,workdir=$layers/$name.work" "$folder"
done
mount -t tmpfs none /opt
mkdir -p /run/sidekey /run/systemd/system /run/credentials
mount -t tmpfs none /run/sidekey
unset SIDEKEY_SOCKET XDG_RUNTIME_DIR
# The page installs and uses its own copy.
PATH=$(dirname "$0")/bin:/usr/local/bin:/usr/local/sbin:$PATH
LD_LIBRARY_PATH=/usr/local/lib
export PATH LD_LIBRARY_PATH
"$@" && status=0 || status=$?
# What the played systemctl has started.
if [ -f /run/sidekey-systemctl/pid ]; then
    kill "$(cat /run/sidekey-systemctl/pid)" 2>/dev/null || true
fi
rm -rf /run/sidekey-systemctl
exit "$status"
