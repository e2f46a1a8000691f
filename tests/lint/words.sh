#!/bin/sh
# words.sh - forbidden calls and comments.  words.allow lists the exceptions,
# "FILE WORD" a line; the list may only shrink: an entry that is not needed any
# more is a complaint, too.
# Usage: words.sh ROOT ALLOW
set -eu
root=$1
allow=$2
cd "$root"

found=$(mktemp)
trap 'rm -f "$found"' EXIT

find protocol agent libclient -name '*.[ch]' 2>/dev/null | sort | while read -r file; do
    # Strip comments and string contents, then look for the words as calls.
    awk '
        {
            line = $0
            gsub(/\\"/, "", line)
            gsub(/"[^"]*"/, "\"\"", line)
            while (1) {
                if (inside) {
                    end = index(line, "*/")
                    if (end == 0) { line = ""; break }
                    line = substr(line, end + 2)
                    inside = 0
                }
                start = index(line, "/*")
                if (start == 0) break
                rest = substr(line, start + 2)
                end = index(rest, "*/")
                if (end == 0) { line = substr(line, 1, start - 1); inside = 1; break }
                line = substr(line, 1, start - 1) " " substr(rest, end + 2)
            }
            print line
        }' "$file" >"$found.code"
    for word in strcpy strcat sprintf vsprintf gets alloca atoi strtok rand \
        memcmp msgpack_sbuffer getenv exit system popen signal strerror localtime gmtime; do
        if grep -Eq "(^|[^A-Za-z0-9_])${word}[[:space:]]*\\(" "$found.code"; then
            echo "$file $word"
        fi
    done
    grep -Eq '(^|[^A-Za-z0-9_])goto[[:space:]]' "$found.code" && echo "$file goto"
    grep -Eq '//' "$found.code" && echo "$file //"
    rm -f "$found.code"
done | sort -u >"$found"

status=0
while read -r file word; do
    if ! grep -qxF "$file $word" "$allow"; then
        echo "$file: $word is forbidden"
        status=1
    fi
done <"$found"
grep -v '^#' "$allow" | while read -r entry; do
    [ -z "$entry" ] && continue
    if ! grep -qxF "$entry" "$found"; then
        echo "$allow: \"$entry\" is not needed any more"
    fi
done >"$found.stale"
if [ -s "$found.stale" ]; then
    cat "$found.stale"
    status=1
fi
rm -f "$found.stale"
exit $status
