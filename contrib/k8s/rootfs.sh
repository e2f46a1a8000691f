#!/bin/sh
# rootfs.sh - the files of the image: both programs, the shared libraries they
# need, the certificate authorities, and the few files that name resolution
# reads.  No shell, no package manager.
# Usage: rootfs.sh BUILD_FOLDER DESTINATION     SOURCE_DATE_EPOCH: time of all
set -eu
build=$1
root=$2
epoch=${SOURCE_DATE_EPOCH:-0}

install -d -m 755 "$root/usr/sbin" "$root/usr/bin" "$root/etc/ssl/certs" "$root/run/sidekey" "$root/tmp" "$root/proc"
install -m 755 "$build/sidekeyd" "$root/usr/sbin/sidekeyd"
install -m 755 "$build/sidekey" "$root/usr/bin/sidekey"
chown 10001:10001 "$root/run/sidekey"
chmod 1777 "$root/tmp"

# The loader and each library, under the very names they are looked for.
ldd "$build/sidekeyd" "$build/sidekey" | awk '
    $2 == "=>" && $3 ~ /^\// { print $3 }
    $1 ~ /^\// && $1 !~ /:$/ { print $1 }' | sort -u | while read -r library; do
    install -D -m 755 "$(readlink -f "$library")" "$root$library"
done

install -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
# Where Debian's OpenSSL looks for the system's authorities.
install -d -m 755 "$root/usr/lib/ssl"
ln -sf /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
printf 'root:x:0:0::/:/sbin/nologin\nsidekey:x:10001:10001::/:/sbin/nologin\n' >"$root/etc/passwd"
printf 'root:x:0:\nsidekey:x:10001:\n' >"$root/etc/group"

find "$root" -exec touch -h -d "@$epoch" {} +
