#!/bin/sh
# test_sbom.sh - the bill of materials has the shape of SPDX 2.3, lists what is
# there, and is the same when made again; and the check finds what is wrong.
# Usage: test_sbom.sh BUILD    (in the root of the tree)
set -u
b=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
passed=0
failed=0

# shellcheck source=tests/lib/expect.sh
. "$(dirname "$0")/../lib/expect.sh"
make_sbom() { make --no-print-directory -s B="$b" sbom SBOM="$1"; }
check() { /usr/bin/python3 tests/supply/check_sbom.py "$1" "$b/sidekeyd" "$b/sidekey" "$b/libsidekey.so.0"; }
# spoil SENTENCE PYTHON: change the document "doc", and see it refused.
spoil() {
    /usr/bin/python3 -c "
import json, sys
doc = json.load(open('$dir/a.json'))
$2
json.dump(doc, open('$dir/spoilt.json', 'w'))"
    expect_failure "$1" check "$dir/spoilt.json"
}

expect "it is made" make_sbom "$dir/a.json"
expect "it is made again" make_sbom "$dir/b.json"
expect "twice the same" cmp "$dir/a.json" "$dir/b.json"
expect "it is sound" check "$dir/a.json"
spoil "a file too few is found" "doc['files'] = [f for f in doc['files'] if f['fileName'] != './protocol/key.c']"
spoil "another checksum is found" "doc['files'][5]['checksums'][1]['checksumValue'] = '0' * 64"
spoil "a library too few is found" "doc['packages'] = [p for p in doc['packages'] if not p['name'].startswith('libsodium')]"
spoil "a library without a licence is found" "doc['packages'][1]['licenseDeclared'] = 'NOASSERTION'"
spoil "a library without a version is found" "doc['packages'][1]['versionInfo'] = ''"
spoil "another version of SPDX is found" "doc['spdxVersion'] = 'SPDX-2.2'"
spoil "a relation to nothing is found" "doc['relationships'][3]['relatedSpdxElement'] = 'SPDXRef-File-none'"
spoil "an id twice is found" "doc['files'][1]['SPDXID'] = doc['files'][0]['SPDXID']"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
