#!/bin/sh
# texts.sh - texts that operators grep for stand in the source letter for
# letter, and no path of a developer's machine does.  ("invalid %s value" is
# completed with crypto.mode; the tests look at the whole.)
# Usage: texts.sh ROOT
set -eu
cd "$1"
status=0
while read -r text; do
    if ! grep -rqF "$text" agent --include='*.c' --include='*.h'; then
        echo "agent: the text \"$text\" is gone"
        status=1
    fi
done <<'TEXTS'
kms config is required
missing required configuration
key not found for private tenantID
error writing kms request
error reading kms response
error decoding kms response
error decoding kms response payload
invalid %s value
unsupported KMIP version, use 1.4
Starting Keys Client update routine
periodical update: failed to get key for
TEXTS
if grep -rnE '(^|[^A-Za-z0-9_.])/(work|home/[a-z]+|root)/' --include='*.[ch]' --include='*.md' \
    --include='*.sh' --include='*.py' --include=Makefile . 2>/dev/null | grep -v '^./build/' | grep -v 'tests/lint/'; then
    echo "a path of somebody's machine"
    status=1
fi
exit $status
