#!/bin/sh
# test_fingerprint.sh - which keys two real agents have, compared over their
# sockets and over saved lists, with more tenants than one page holds.
#
# usage: test_fingerprint.sh BUILD_FOLDER
# Prints "N passed, N failed".
set -u

build=$(cd "${1:?usage: $0 BUILD_FOLDER}" && pwd)
work=$(mktemp -d)
agents=
passed=0
failed=0

stop() {
    for pid in $agents; do
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

# check NAME CODE COMMAND...: the command exits with that.
check() {
    name=$1
    code=$2
    shift 2
    "$@" >"$work/out" 2>"$work/err"
    status=$?
    if [ $status -eq "$code" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: $name: exit status $status"
        head -n 5 "$work/out" "$work/err"
    fi
}

# write_keys NAME SALT COUNT: COUNT tenants, the seed of each made of its number
# and, for number 700 only, of SALT.
write_keys() {
    /usr/bin/python3 -c 'import base64, hashlib, json, sys
work, name, salt, count = sys.argv[1:]
def seed(i):
    text = "seed %d %s" % (i, salt if i == 700 else "")
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
keys = {"tenant-%04d" % i: seed(i) for i in range(int(count))}
config = {"crypto": {"mode": "local-multi-keys", "update_period": "1h",
                     "tenant_keys": keys},
          "sidekey": {"socket": "%s/%s.sock" % (work, name), "workers": 2,
                      "metrics": "", "require_memory": "none"}}
json.dump(config, open("%s/%s.json" % (work, name), "w"))' "$work" "$@"
}

start() {
    "$build/sidekeyd" --config "$work/$1.json" >"$work/$1.log" 2>&1 &
    agents="$agents $!"
    tries=0
    while ! "$build/sidekey" --socket "$work/$1.sock" -q health 2>/dev/null; do
        tries=$((tries + 1))
        if [ $tries -gt 1200 ]; then
            echo "FAIL: $1 does not start"
            cat "$work/$1.log"
            exit 1
        fi
        sleep 0.05
    done
}

fingerprint() {
    name=$1
    shift
    "$build/sidekey" --socket "$work/$name.sock" fingerprint "$@"
}

write_keys a "" 1234
write_keys b "" 1234
write_keys c other 1233
for name in a b c; do
    start $name
done

check "a list" 0 fingerprint a
cp "$work/out" "$work/a.keys"
check "has a line for each tenant, a title and a digest" 0 test "$(wc -l <"$work/a.keys")" -eq 1236
check "which is of the documented text" 0 test \
    "$( (sed -n 1p "$work/a.keys"
        sed '1d;$d' "$work/a.keys" | awk '{ print $1 " " $2 }') | sha256sum | cut -d' ' -f1)" = \
    "$(sed -n '$s/.*sha256:\([0-9a-f]*\).*/\1/p' "$work/a.keys")"
check "key ids are those of the agent" 0 grep -q "^tenant-0700 .*$("$build/sidekey" --socket "$work/a.sock" \
    pubkey tenant-0700 | grep -o '[0-9a-f]\{16\}' | tail -n 1)" "$work/a.keys"
check "the same keys over a socket" 0 fingerprint a --compare "$work/b.sock"
check "the same keys over a file" 0 fingerprint b --compare "$work/a.keys"
check "other keys" 1 fingerprint a --compare "$work/c.sock"
cp "$work/out" "$work/differences"
check "another key is named" 0 grep -q '^other key  *tenant-0700 ' "$work/differences"
check "a tenant of one only is named" 0 grep -q '^only here  *tenant-1233 ' "$work/differences"
check "and nothing else" 0 test "$(wc -l <"$work/differences")" -eq 3
check "a list that is not there" 64 fingerprint a --compare "$work/nothing"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
