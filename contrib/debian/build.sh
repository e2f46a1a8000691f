#!/bin/sh
# build.sh - builds the Debian packages of the last commit, unsigned, without
# touching the tree or the network.
# Usage: MAINTAINER='NAME <ADDRESS>' build.sh VERSION FOLDER    (in the root of
#        the tree); the packages lie in FOLDER afterwards
set -eu
version=$1
folder=$2
maintainer=${MAINTAINER:?whose packages are they}
source=$folder/sidekey-$version

for tool in dpkg-buildpackage dh; do
    command -v "$tool" >/dev/null || { echo "no $tool: make deps" >&2 && exit 1; }
done
rm -rf "$folder"
mkdir -p "$folder"
git archive --prefix="sidekey-$version/" HEAD | tar -x -C "$folder"
cp -r "$source/contrib/debian" "$source/debian"
rm -f "$source/debian/build.sh"
escaped=$(printf '%s\n' "$maintainer" | sed 's/[&|\]/\\&/g')
sed -i "s|@MAINTAINER@|$escaped|" "$source/debian/control"
cat >"$source/debian/changelog" <<CHANGELOG
sidekey ($version-1) unstable; urgency=medium

  * Version $version; what changed is in CHANGELOG.md.

 -- $maintainer  $(git log -1 --format=%aD HEAD)
CHANGELOG
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES
cd "$source"
dpkg-buildpackage -us -uc -b
