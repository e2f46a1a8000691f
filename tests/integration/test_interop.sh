#!/bin/sh
# test_interop.sh - the client of tests/interop against sidekeyd and sidekey.
#
# usage: test_interop.sh BUILD_FOLDER
#
# The client is written in Python from the two documents of protocol/ alone.
set -eu

build=$(cd "${1:?usage: $0 BUILD_FOLDER}" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
python=/usr/bin/python3

if ! "$python" -c 'import cryptography, msgpack' 2>/dev/null; then
    echo "FAIL: needs the packages python3-msgpack and python3-cryptography" >&2
    exit 1
fi
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
exec "$python" "$root/tests/interop/test_interop.py" "$build"
