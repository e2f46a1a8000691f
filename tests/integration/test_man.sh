#!/bin/sh
# test_man.sh - the manual pages have no fault and are complete: each option and
# command of --help is in its page and no other is, and so for the keys of the
# configuration and the functions of the library.
# Usage: test_man.sh BUILD    (in the root of the tree)
set -u
LC_ALL=C
export LC_ALL
b=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
passed=0
failed=0

if ! command -v mandoc >/dev/null; then
    echo "SKIPPED: no mandoc"
    exit 0
fi

# shellcheck source=tests/lib/expect.sh
. "$(dirname "$0")/../lib/expect.sh"
same() { diff "$1" "$2"; }
other() { ! cmp -s "$1" "$2"; }
# Bold and underlined are overstruck.
# Wide, so that no option is broken at its hyphens.
render() { mandoc -Tascii -O width=300 "$1" | sed 's/.\x08//g'; }
# Words of standard input that look like a long option.
options() { grep -oE '(^|[^a-z-])--[a-z][a-z-]*' | sed 's/^[^-]*//' | sort -u; }

for page in sidekey.1 libsidekey.3 sidekeyd.conf.5 sidekeyd.8; do
    expect "$page has no fault" mandoc -Tlint -W warning "contrib/man/$page"
    render "contrib/man/$page" >"$dir/$page"
done
expect "what is generated is up to date" /usr/bin/python3 contrib/man/generate.py "$b" --check

# ---- sidekeyd(8)
"$b/sidekeyd" --help | options >"$dir/told"
options <"$dir/sidekeyd.8" >"$dir/written"
expect "sidekeyd(8) has the options of --help" same "$dir/told" "$dir/written"

# ---- sidekey(1)
"$b/sidekey" --help | sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' | sort >"$dir/told"
expect "there are commands" test -s "$dir/told"
sed -n 's/^   \([a-z][a-z-]*\)$/\1/p' "$dir/sidekey.1" | sort >"$dir/written"
expect "sidekey(1) has the commands of --help" same "$dir/told" "$dir/written"
{
    "$b/sidekey" --help
    while read -r name; do [ "$name" = help ] || "$b/sidekey" "$name" --help; done <"$dir/told"
} | options >"$dir/all"
options <"$dir/sidekey.1" >"$dir/written"
expect "and the options of all of them" same "$dir/all" "$dir/written"
grep -v -e '--range ' "$dir/sidekey.1" | options >"$dir/written"
expect "an option too few would be found" other "$dir/all" "$dir/written"

# ---- sidekeyd.conf(5), against CONFIG.md, which test_config_document holds to the
# table in the source
# shellcheck disable=SC2016 # the backquotes are the document's
sed -n '/begin of the table/,/end of the table/s/^| `\([^`]*\)`.*/\1/p' agent/config/CONFIG.md | sort -u >"$dir/told"
expect "there are keys" test -s "$dir/told"
sed -n 's/^ \{5\}\([a-z][a-z_.]*\)\( .*\)\{0,1\}$/\1/p' "$dir/sidekeyd.conf.5" |
    grep -E '^(crypto|coordinator|sidekey)(\.|$)' | sort -u >"$dir/written"
expect "sidekeyd.conf(5) has the keys of the table" same "$dir/told" "$dir/written"

# ---- libsidekey(3), against what the library exports
nm -D --defined-only "$b/libsidekey.so.0" | sed -n 's/.* T \(sidekey_[a-z_0-9]*\).*/\1/p' | sort -u >"$dir/told"
expect "there are functions" test -s "$dir/told"
grep -oE 'sidekey_[a-z_0-9]+\(' "$dir/libsidekey.3" | tr -d '(' | sort -u >"$dir/written"
comm -23 "$dir/told" "$dir/written" >"$dir/missing"
expect "libsidekey(3) has every function: $(tr '\n' ' ' <"$dir/missing")" test ! -s "$dir/missing"
# The one is the type of a callback.
grep -v sidekey_async_done "$dir/written" | comm -13 "$dir/told" - >"$dir/extra"
expect "and no other: $(tr '\n' ' ' <"$dir/extra")" test ! -s "$dir/extra"

expect "they are installed" make --no-print-directory -s B="$b" DESTDIR="$dir/stage" PREFIX=/usr install
for page in man1/sidekey.1 man3/libsidekey.3 man5/sidekeyd.conf.5 man8/sidekeyd.8; do
    expect "$page is" test -s "$dir/stage/usr/share/man/$page"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
