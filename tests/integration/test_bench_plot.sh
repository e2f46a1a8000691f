#!/bin/sh
# test_bench_plot.sh - the pictures of what was measured are XML in which each
# number stands as text and a missed goal is marked; the fields they are drawn
# from are the documented ones; those of the README are there.
# Usage: test_bench_plot.sh BUILD    (in the root of the tree)
set -u
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
passed=0
failed=0

# shellcheck source=tests/lib/expect.sh
. "$(dirname "$0")/../lib/expect.sh"
plot() { /usr/bin/python3 tests/bench/plot.py "$@"; }
# holds SENTENCE FILE PYTHON: true of the picture's texts and elements, in order.
holds() {
    cat >"$dir/holds.py" <<PYTHON
import sys
import xml.etree.ElementTree as tree
found = list(tree.parse(sys.argv[1]).iter())
texts = [e.text or "" for e in found if e.tag.endswith("}text")]
def all_of(name, css=None):
    return [e for e in found if e.tag.endswith("}" + name) and css in (None, e.get("class"))]
def width(nth, css):
    return float(all_of("rect", css)[nth].get("width"))
def behind(words, n):
    """The text n places behind the one of these words."""
    return texts[texts.index(words) + n]
if not ($3):
    sys.exit("\n".join(texts))
PYTHON
    expect "$1" /usr/bin/python3 "$dir/holds.py" "$2"
}

cat >"$dir/bench.json" <<'JSON'
{"runs": 5, "seconds": 1.00, "cores": 2, "load": 0.25, "cpu": "A & B <CPU>", "rows": [
{"what": "unwrap", "verdict": "met", "note": "", "unit": "us", "value": 20.0, "against": "HPKE & co", "peer_value": 30.0, "ratio": 1.5, "goal": "at least", "goal_ratio": 0.75, "errors": 0, "per_s": 43210.0, "peer_per_s": 30000.0, "p50_us": 1234.56, "p99_us": 2345.67, "p999_us": 3456.78},
{"what": "pubkey", "verdict": "missed", "note": "", "unit": "us", "value": 2.0, "against": "redis", "peer_value": 1.0, "ratio": 0.5, "goal": "at least", "goal_ratio": 1.0, "errors": 0, "per_s": 1.0, "peer_per_s": 1.0, "p50_us": 0.0, "p99_us": 0.0, "p999_us": 0.0},
{"what": "far", "verdict": "met", "note": "", "unit": "op/s", "value": 99.0, "against": "a peer", "peer_value": 1.0, "ratio": 99.0, "goal": "at least", "goal_ratio": 5.0, "errors": 0, "per_s": 1.0, "peer_per_s": 1.0, "p50_us": 0.0, "p99_us": 0.0, "p999_us": 0.0},
{"what": "memory", "verdict": "WRONG", "note": "", "unit": "bytes", "value": 1.0, "against": "allowed", "peer_value": 1.0, "ratio": 0.25, "goal": "at most", "goal_ratio": 1.0, "errors": 7, "per_s": 0.0, "peer_per_s": 0.0, "p50_us": 0.0, "p99_us": 0.0, "p999_us": 0.0},
{"what": "for information", "verdict": "-", "note": "", "unit": "us", "value": 1.0, "against": "echo", "peer_value": 1.0, "ratio": 0.11, "goal": "none", "goal_ratio": 0.0, "errors": 0, "per_s": 1.0, "peer_per_s": 1.0, "p50_us": 5.5, "p99_us": 66.0, "p999_us": 777.0},
{"what": "unwrap", "verdict": "met", "note": "", "unit": "us", "value": 20.0, "against": "another", "peer_value": 30.0, "ratio": 1.5, "goal": "at least", "goal_ratio": 0.75, "errors": 0, "per_s": 1.0, "peer_per_s": 1.0, "p50_us": 1300.0, "p99_us": 2300.0, "p999_us": 3300.0},
{"what": "tenants", "verdict": "left out", "note": "not installed", "unit": "", "value": 0.0, "against": "", "peer_value": 0.0, "ratio": 0.0, "goal": "none", "goal_ratio": 0.0, "errors": 0, "per_s": 0.0, "peer_per_s": 0.0, "p50_us": 0.0, "p99_us": 0.0, "p999_us": 0.0}
]}
JSON

expect "two pictures are drawn" plot "$dir/bench.json" "$dir/a"
expect "drawn again" plot "$dir/bench.json" "$dir/b"
expect "they are the same" diff -r "$dir/a" "$dir/b"

ratios=$dir/a/ratios.svg
holds "it says how many goals are met and how it was measured" "$ratios" \
    '"3 met, 2 missed, 1 left out; medians of 5 runs of 1 s; 2 cores, A & B <CPU>, load before 0.2" in texts'
holds "limit or peer, ratio and goal stand beside what was measured" "$ratios" \
    '[behind("unwrap", n) for n in (1, 3, 4)] == ["HPKE & co", "1.50", "≥ 0.75"]'
holds "a missed goal is marked in words" "$ratios" \
    'behind("pubkey", 5) == "missed" and texts.count("missed") == 1'
holds "so are wrong answers" "$ratios" 'behind("memory", 5) == "wrong answers"'
holds "one that is met is not" "$ratios" 'behind("unwrap", 5) == "pubkey"'
holds "missed goals have bars of their own colour" "$ratios" \
    'len(all_of("rect", "met")) == 3 and len(all_of("rect", "missed")) == 2'
holds "bars are as long as ratios in units of the goal" "$ratios" \
    'abs(width(0, "met") / 2 - width(0, "missed") / 0.5) < 0.5'
holds "the goal is where a bar of its ratio ends" "$ratios" \
    'abs(float(all_of("line", "goal")[0].get("x1")) - float(all_of("rect", "met")[0].get("x")) - width(0, "met") / 2) < 0.5'
holds "a bar that would be too long is cut, and says so" "$ratios" \
    'behind("far", 2) == "»" and behind("unwrap", 2) == "" and width(1, "met") < 400'
holds "at least and at most have a line each" "$ratios" 'len(all_of("line", "goal")) == 2'
holds "what has no goal has no bar" "$ratios" '"for information" not in texts'
holds "what was left out says why" "$ratios" '"tenants: left out, not installed" in texts'

latencies=$dir/a/latencies.svg
holds "p50, p99 and p99.9 stand as numbers" "$latencies" '"1,235 / 2,346 / 3,457" in texts and "5.5 / 66 / 777" in texts'
holds "what is measured against two peers stands once" "$latencies" 'texts.count("unwrap") == 1'
holds "what has no latency is not there" "$latencies" '"pubkey" not in texts and "tenants" not in texts'
holds "each has a dot, a ring and an end" "$latencies" \
    'len(all_of("circle", "mark")) == 2 and len(all_of("circle", "mark open")) == 2 and len(all_of("line", "span")) == 4'
holds "the axis is logarithmic" "$latencies" \
    'len({round(float(b.get("x1")) - float(a.get("x1"))) for a, b in zip(all_of("line", "grid"), all_of("line", "grid")[1:])}) == 1'

for picture in "$ratios" "$latencies"; do
    holds "it changes with the reader's colours" "$picture" 'any("prefers-color-scheme: dark" in (e.text or "") for e in all_of("style"))'
    holds "it has a page of its own behind it" "$picture" 'all_of("rect")[0].get("class") == "page"'
done

echo '{"runs": 1, "seconds": 1, "cores": 1, "load": 0.0, "cpu": "", "rows": []}' >"$dir/empty.json"
expect_failure "nothing measured is no picture" plot "$dir/empty.json" "$dir/c"
expect_failure "half a file is no picture" sh -c "head -c 900 '$dir/bench.json' >'$dir/half.json' &&
    /usr/bin/python3 tests/bench/plot.py '$dir/half.json' '$dir/c'"

# Fields that table.c writes, that the README of the bench describes, and that
# are used above.
grep -oE '\\"[a-z0-9_]+\\": ' tests/bench/table.c | tr -dc 'a-z0-9_\n' | sort -u >"$dir/written"
# shellcheck disable=SC2016 # the backquotes are the document's
awk '/^\| field / { inside = 1 } /^$/ { inside = 0 } inside' tests/bench/README.md |
    grep -oE '^\| `[a-z0-9_`, ]+' | grep -oE '[a-z0-9_]+' | sort -u >"$dir/documented"
grep -oE '"[a-z0-9_]+": ' "$dir/bench.json" | tr -dc 'a-z0-9_\n' | sort -u >"$dir/used"
expect "each field is documented" diff "$dir/written" "$dir/documented"
expect "the fields used here are those that are written" diff "$dir/written" "$dir/used"

# shellcheck disable=SC2013 # names without blanks
for picture in $(grep -oE '\(docs/bench/[a-z]+\.svg\)' README.md | tr -d '()'); do
    holds "$picture is there" "$picture" 'len(texts) > 3'
done
expect "the README shows both" test "$(grep -cE '\(docs/bench/[a-z]+\.svg\)' README.md)" -eq 2

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
