#!/bin/sh
# test_deb.sh - what is in the packages that `make deb` has built: files and
# their modes, dependencies, hardening, the order of the maintainer scripts.
# Usage: test_deb.sh BUILD    (in the root of the tree; BUILD unused)
set -u
LC_ALL=C
export LC_ALL
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
passed=0
failed=0
names="sidekeyd sidekey-tools libsidekey0 libsidekey-dev"

# shellcheck source=tests/lib/expect.sh
. "$(dirname "$0")/../lib/expect.sh"
not() { ! "$@"; }
field() { dpkg-deb -f "$dir/$1.deb" "$2"; }
depends() { field "$1" Depends | tr ',' '\n' | grep -Eq "^ *$2( |$)"; }
holds() { grep -qx "$2" "$dir/$1.files" || { cat "$dir/$1.files" && false; }; }
# PACKAGE SCRIPT FIRST SECOND: where both stand, in this order
in_order() { awk -v a="$3" -v b="$4" 'index($0, a) && !x { x = NR } index($0, b) { y = NR } END { exit !(x && x < y) }' "$dir/$1/DEBIAN/$2"; }
has_no_run_path() { ! readelf -d "$1" | grep -E 'RPATH|RUNPATH'; }

for name in $names; do
    file=$(ls build/deb/"$name"_*.deb 2>/dev/null)
    [ -n "$file" ] || { echo "no package $name: make deb" && exit 1; }
    cp "$file" "$dir/$name.deb"
    mkdir "$dir/$name"
    dpkg-deb -R "$dir/$name.deb" "$dir/$name"
    dpkg-deb -c "$dir/$name.deb" >"$dir/$name.list"
    (cd "$dir/$name" && find . ! -type d ! -path './DEBIAN/*' | sed 's|^\.||' | sort) >"$dir/$name.files"
done
lib=/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)

expect "the placeholder of the maintainer stands in one place" \
    test "$(grep -rlF '@sidekey.invalid' Makefile contrib CONTRIBUTING.md README.md SECURITY.md)" = Makefile

# ---- each thing in its package, and all that `make install` installs
for file in /usr/sbin/sidekeyd /lib/systemd/system/sidekeyd.service /lib/systemd/system/sidekeyd.socket \
    /usr/lib/sysusers.d/sidekey.conf /usr/lib/tmpfiles.d/sidekey.conf /etc/sidekey/application.json \
    /usr/share/man/man8/sidekeyd.8.gz /usr/share/man/man5/sidekeyd.conf.5.gz \
    /usr/share/bash-completion/completions/sidekeyd /usr/share/zsh/vendor-completions/_sidekeyd \
    /usr/share/fish/vendor_completions.d/sidekeyd.fish; do
    expect "sidekeyd has $file" holds sidekeyd "$file"
done
for file in /usr/bin/sidekey /usr/share/man/man1/sidekey.1.gz /usr/share/bash-completion/completions/sidekey \
    /usr/share/zsh/vendor-completions/_sidekey /usr/share/fish/vendor_completions.d/sidekey.fish; do
    expect "sidekey-tools has $file" holds sidekey-tools "$file"
done
expect "libsidekey0 has the library" holds libsidekey0 "$lib/libsidekey.so.0"
expect "and nothing that another version would have, too" not grep -v -e "/libsidekey.so.0$" -e '^/usr/share/doc/libsidekey0/' \
    "$dir/libsidekey0.files"
for file in /usr/include/sidekey.h "$lib/libsidekey.so" "$lib/libsidekey.a" "$lib/pkgconfig/sidekey.pc" \
    /usr/share/man/man3/libsidekey.3.gz; do
    expect "libsidekey-dev has $file" holds libsidekey-dev "$file"
done
expect "the link leads to the library" test "$(readlink "$dir/libsidekey-dev$lib/libsidekey.so")" = libsidekey.so.0
for name in $names; do
    expect "$name has its copyright" holds "$name" "/usr/share/doc/$name/copyright"
    expect "$name has its changelog" holds "$name" "/usr/share/doc/$name/changelog.Debian.gz"
    maintainer=$(field "$name" Maintainer)
    expect "$name says whose it is" not grep -q '@MAINTAINER@' "$dir/$name/DEBIAN/control"
    # The documents of a package may be a link to another's.
    [ -L "$dir/$name/usr/share/doc/$name" ] ||
        expect "and its changelog says the same" zgrep -qF " -- $maintainer  " \
            "$dir/$name/usr/share/doc/$name/changelog.Debian.gz"
    version=$(sed -n 's/^VERSION := //p' Makefile)
    expect "$name is of this version" test "$(field "$name" Version)" = "$version-1"
done
cat "$dir"/*.files | sort | uniq -d >"$dir/twice"
expect "no file is in two packages" test ! -s "$dir/twice"
expect "pkg-config is told Debian's folders" grep -qx "libdir=$lib" "$dir/libsidekey-dev$lib/pkgconfig/sidekey.pc"
expect "a program knows its version" grep -qF "$version" "$dir/sidekey-tools/usr/bin/sidekey"

# ---- whose they are
for name in $names; do
    expect "all of $name is root's" not grep -v ' root/root ' "$dir/$name.list"
    expect "nothing of $name is for others to write" not grep -E '^[-d].(....w|.......w)' "$dir/$name.list"
    expect "nothing of $name runs as its owner" not grep -E '^.{3}[sS]|^.{6}[sS]' "$dir/$name.list"
done
expect "the example holds no secret and is for all to read" grep -Eq '^-rw-r--r-- .* \./etc/sidekey/application\.json$' "$dir/sidekeyd.list"
expect "the example is kept when it was changed" grep -qx /etc/sidekey/application.json "$dir/sidekeyd/DEBIAN/conffiles"
echo '{"crypto": {"tenant_keys": {"t": "SuUQdM2keQHz+kltExGZkoBapzYQeSnqu4d36U5FVCg="}}}' >"$dir/secret.json"
expect "the example is accepted once there is a secret" "$dir/sidekeyd/usr/sbin/sidekeyd" --check-config --config "$dir/sidekeyd/etc/sidekey/application.json" \
    --secret "$dir/secret.json"

# ---- what they need
for need in libc6 libcurl4 libuv1 libssl3 libsodium23 libseccomp2; do
    expect "sidekeyd depends on $need" depends sidekeyd "$need"
done
expect "sidekeyd depends on what makes its user" depends sidekeyd systemd
expect "the library depends on libsodium23" depends libsidekey0 libsodium23
expect "and not on what only the agent uses" not depends libsidekey0 '(libcurl4|libuv1|libmicrohttpd12)'
expect "the headers need this very library" depends libsidekey-dev "libsidekey0 .= $version-1."
expect "the library tells others which version they need" grep -q '^libsidekey.so.0 libsidekey0' "$dir/libsidekey0/DEBIAN/symbols"
expect "symbol by symbol" grep -q '^ sidekey_open@SIDEKEY_0 ' "$dir/libsidekey0/DEBIAN/symbols"
nm -D --defined-only "$dir/libsidekey0$lib/libsidekey.so.0" | awk '{ sub("@@", "@", $3); print $3 }' | sort >"$dir/built"
awk '/^ / { print $1 }' contrib/debian/libsidekey0.symbols | sed 's/^SIDEKEY_0@/&/' | sort >"$dir/listed"
sed -i 's/^SIDEKEY_0$/SIDEKEY_0@SIDEKEY_0/' "$dir/built"
expect "contrib/debian/libsidekey0.symbols lists all that it has" diff "$dir/built" "$dir/listed"
expect "ldconfig is triggered" grep -q 'activate-noawait ldconfig' "$dir/libsidekey0/DEBIAN/triggers"

# ---- how they are built
for file in "$dir/sidekeyd/usr/sbin/sidekeyd" "$dir/sidekey-tools/usr/bin/sidekey" "$dir/libsidekey0$lib/libsidekey.so.0"; do
    name=${file##*/}
    expect "$name has no run path" has_no_run_path "$file"
    expect "$name is hardened" sh tests/supply/hardened.sh "$file"
    expect "$name names no place it was built in" not grep -qF "$(pwd)" "$file"
done

# ---- what they do when they are installed
unit=$dir/sidekeyd/lib/systemd/system/sidekeyd.service
expect "the unit runs this program" grep -q '^ExecStart=/usr/sbin/sidekeyd ' "$unit"
expect "a fresh one waits to be set up" grep -qx 'ConditionPathExists=/etc/sidekey/secret.json' "$unit"
expect "the user is made before its folders" in_order sidekeyd postinst systemd-sysusers systemd-tmpfiles
expect "and they before the agent starts" in_order sidekeyd postinst systemd-tmpfiles 'deb-systemd-invoke'
expect "an upgrade restarts the service" grep -q "invoke \$_dh_action 'sidekeyd.service' >" "$dir/sidekeyd/DEBIAN/postinst"
expect "and leaves the socket" not grep -E "_dh_action.*socket" "$dir/sidekeyd/DEBIAN/postinst"
expect "the agent is stopped for removal only" grep -qF "\"\$1\" = remove" "$dir/sidekeyd/DEBIAN/prerm"
expect "the agent's package has no preinst that stops it" test ! -e "$dir/sidekeyd/DEBIAN/preinst"

if command -v lintian >/dev/null; then
    # That one is about Debian's own list of wishes.
    expect "lintian has no complaint" lintian --allow-root --fail-on error,warning \
        --suppress-tags initial-upload-closes-no-bugs build/deb/*.changes
else
    echo "SKIPPED: no lintian to ask"
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
