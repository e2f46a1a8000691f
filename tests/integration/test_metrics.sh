#!/bin/sh
# test_metrics.sh - metrics of a real agent, over TCP and a Unix socket: what
# Prometheus' own checker says, counts after known requests, /readyz before and
# after the first keys, off, and an address that is taken.
#
# Also proves: metrics_feed.c
#
# usage: test_metrics.sh BUILD_FOLDER
# Prints "N passed, N failed".
set -u

build=$(cd "${1:?usage: $0 BUILD_FOLDER}" && pwd)
# shellcheck source=tests/lib/wait.sh
. "$(dirname "$0")/../lib/wait.sh"
work=$(mktemp -d)
agents=
passed=0
failed=0
tenant=67f1adf3-08e5-4eea-94e3-e611f263c87b
other=0b9c1f50-7a43-4c55-9c0e-2d1f6a7b8c9d
seed=SuUQdM2keQHz+kltExGZkoBapzYQeSnqu4d36U5FVCg=

stop() {
    for pid in $agents; do
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

# check NAME COMMAND...: the command succeeds.
check() {
    name=$1
    shift
    if "$@" >"$work/out" 2>"$work/err"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: $name"
        head -n 5 "$work/out" "$work/err"
    fi
}

# write_config NAME METRICS [MORE]: a remote agent whose list of tenants is a file.
write_config() {
    cat >"$work/$1.json" <<JSON
{"crypto": {"mode": "remote-multi-keys", "update_period": "1h"},
 "coordinator": {"url": "file://$work/$1.list"},
 "sidekey": {"socket": "$work/$1.sock", "workers": 2, "max_connections": 40,
  "metrics": "$2"${3:+, $3}}}
JSON
}

# write_list NAME TENANT...: the list of tenants, all with the same seed.
write_list() {
    list=$work/$1.list
    shift
    rows=
    for id in "$@"; do
        rows="$rows${rows:+,}{\"id\": \"$id\", \"zero_knowledge\": false, \"key_seed\": \"$seed\"}"
    done
    echo "{\"revision\": \"$*\", \"tenants\": [$rows], \"next\": null}" >"$list.new"
    mv "$list.new" "$list"
}

# start NAME: run it, and await its socket.
start() {
    "$build/sidekeyd" --config "$work/$1.json" >"$work/$1.log" 2>&1 &
    last=$!
    agents="$agents $last"
    tries=0
    while ! "$build/sidekey" --socket "$work/$1.sock" -q health --live 2>/dev/null; do
        tries=$((tries + 1))
        if [ $tries -gt 1200 ]; then
            echo "FAIL: $1 does not start"
            cat "$work/$1.log"
            exit 1
        fi
        sleep 0.05
    done
}

sidekey() {
    name=$1
    shift
    "$build/sidekey" --socket "$work/$name.sock" "$@"
}

# tcp PATH, unix PATH: the answer's code, its body in $work/body.
tcp() {
    curl -s -m 60 -o "$work/body" -w '%{http_code}\n' "http://127.0.0.1:$port$1"
}
unix() {
    curl -s -m 60 -o "$work/body" -w '%{http_code}\n' --unix-socket "$work/m.sock" "http://x$1"
}

# answers VIA PATH CODE [TEXT]: that code, and that text in the body.
answers() {
    code=$("$1" "$2")
    if [ "$code" != "$3" ]; then
        echo "$2 answers $code"
        return 1
    fi
    [ $# -lt 4 ] || grep -qxF -- "$4" "$work/body" || {
        echo "$2 does not say: $4"
        return 1
    }
}

# shows VIA LINE...: each is a whole line of /metrics.
shows() {
    via=$1
    shift
    "$via" /metrics >/dev/null
    for line in "$@"; do
        grep -qxF -- "$line" "$work/body" || {
            echo "no line: $line"
            grep -F -- "${line%%[ \{]*}" "$work/body" | head -n 20
            return 1
        }
    done
}

# value NAME: of that line, in the last answer.
value() {
    awk -v name="$1" 'index($0, name " ") == 1 { print $NF }' "$work/body"
}

lint() {
    promtool check metrics <"$work/body"
}

# ---- before there are keys ---------------------------------------------------

port=$(free_port)
write_config tcp "127.0.0.1:$port"
start tcp
check "live without keys" answers tcp /livez 200 ok
check "not ready without keys" answers tcp /readyz 503 "no keys are loaded yet"
check "a source that fails is seen" shows tcp 'sidekey_ready 0' \
    'sidekey_source_attempts_total{source="file"} 0' \
    'sidekey_source_last_success_timestamp_seconds{source="coordinator"} 0'
# It is asked again soon, so that there is no telling how often by now.
tried=$(value 'sidekey_source_attempts_total{source="coordinator"}')
check "each attempt has failed" test "$tried" -ge 1 \
    -a "$(value 'sidekey_source_failures_total{source="coordinator"}')" = "$tried" \
    -a "$(value 'sidekey_source_consecutive_failures{source="coordinator"}')" = "$tried"

# ---- with keys ------------------------------------------------------------------

write_list tcp $tenant $other
check "refresh" sidekey tcp refresh
check "ready with keys" answers tcp /readyz 200 ok
check "the source is well again" shows tcp 'sidekey_ready 1' \
    'sidekey_source_consecutive_failures{source="coordinator"} 0' \
    'sidekey_tenants{state="active"} 2' \
    'sidekey_requests_total{method="refresh",code="OK"} 1'
check "it was asked once more" test \
    "$(value 'sidekey_source_attempts_total{source="coordinator"}')" -gt "$tried"
failures=$(value 'sidekey_source_failures_total{source="coordinator"}')
check "and that is no failure" test \
    "$(value 'sidekey_source_attempts_total{source="coordinator"}')" -gt "$failures"
for _ in 1 2 3 4 5 6 7; do
    check "pubkey" sidekey tcp pubkey $tenant
done
echo text | sidekey tcp encrypt $tenant >"$work/envelope"
check "decrypt" sidekey tcp decrypt $tenant -i "$work/envelope"
sidekey tcp decrypt $other -i "$work/envelope" >"$work/out" 2>&1
sidekey tcp forget nobody >"$work/out" 2>&1
check "requests are counted exactly" shows tcp \
    'sidekey_requests_total{method="pubkey",code="OK"} 8' \
    'sidekey_requests_total{method="unwrap",code="OK"} 1' \
    'sidekey_requests_total{method="unwrap",code="DATA_LOSS"} 1' \
    'sidekey_requests_total{method="forget",code="NOT_FOUND"} 1' \
    'sidekey_requests_total{method="encrypt",code="OK"} 0' \
    'sidekey_request_duration_seconds_count{method="pubkey"} 8' \
    'sidekey_request_duration_seconds_bucket{method="pubkey",le="+Inf"} 8'
printf '\301' >"$work/rubbish"
/usr/bin/python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"\xc1")
while s.recv(4096):
    pass' "$work/tcp.sock"
check "rubbish is counted" shows tcp \
    'sidekey_requests_total{method="none",code="INVALID_ARGUMENT"} 1'
# Who has gone counts until the agent has noticed.
check "nobody is connected" await shows tcp 'sidekey_connections 0'
check "connections over the limit are counted" /usr/bin/python3 -c 'import socket, sys
open_now = []
for i in range(40):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    open_now.append(s)
for i in range(3):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    while s.recv(4096):
        pass' "$work/tcp.sock"
check "they have gone" await shows tcp 'sidekey_connections 0'
check "and shown" shows tcp 'sidekey_connections_refused_total 3' \
    'sidekey_quota_refusals_total{quota="max_connections"} 3' \
    'sidekey_quota_refusals_total{quota="max_connections_per_uid"} 0' \
    'sidekey_quota_refusals_total{quota="max_requests_per_uid"} 0'
if command -v promtool >/dev/null; then
    check "promtool has nothing to say" lint
    check "and it says nothing" test ! -s "$work/out" -a ! -s "$work/err"
else
    echo "SKIPPED: promtool is not installed"
fi
check "no key and no seed is in it" sh -c "! grep -qF -e '$seed' -e 3e79bd828a6533d9 '$work/body'"

# A key server that is away: the last good keys stay, and are named.
rm "$work/tcp.list"
sidekey tcp refresh >"$work/out" 2>&1
check "keys that were not confirmed are told" shows tcp 'sidekey_ready 1' \
    'sidekey_tenants{state="active"} 2' 'sidekey_tenants_unconfirmed 2' \
    'sidekey_source_last_success_timestamp_seconds{source="file"} 0'
check "and counted" test \
    "$(value 'sidekey_source_failures_total{source="coordinator"}')" -gt "$failures"
check "by name" grep -q "^sidekey_tenant_confirmed_timestamp_seconds{tenant=\"$other\"} 1" "$work/body"
check "and ready still" answers tcp /readyz 200 ok

# ---- a Unix socket -----------------------------------------------------------------

write_config unix "unix:$work/m.sock"
write_list unix $tenant
start unix
check "the socket is for its group" test "$(stat -c %a "$work/m.sock")" = 660
check "live" answers unix /livez 200 ok
check "ready" answers unix /readyz 200 ok
check "metrics" shows unix 'sidekey_tenants{state="active"} 1'
check "other paths" answers unix /secrets 404
write_list unix $tenant $other
check "another tenant" sidekey unix refresh
check "none is gone" shows unix 'sidekey_tenants{state="active"} 2' \
    'sidekey_tenants_gone{reason="removed"} 0' 'sidekey_tenants_gone{reason="forgotten"} 0'
write_list unix $tenant
check "and it is removed" sidekey unix refresh --accept-removals
check "one is gone" shows unix 'sidekey_tenants{state="active"} 1' \
    'sidekey_tenants_gone{reason="removed"} 1' 'sidekey_tenants_gone{reason="forgotten"} 0'
check "and the other is forgotten" sidekey unix forget $tenant
check "both are gone" shows unix 'sidekey_tenants_gone{reason="destroyed"} 0' \
    'sidekey_tenants_gone{reason="removed"} 1' 'sidekey_tenants_gone{reason="forgotten"} 1'
sidekey unix status --json >"$work/status"
check "as status says" grep -qF '"gone": {"destroyed": 0, "removed": 1, "forgotten": 1}' "$work/status"
sandbox=$(sed -n 's/.*msg="sandbox: \([^d].*\)"$/\1/p' "$work/unix.log" | tail -n 1)
check "the sandbox is what the log says" test -n "$sandbox"
check "in status" grep -qF "\"sandbox\": \"$sandbox\"" "$work/status"
check "and in metrics" shows unix "sidekey_sandbox_info{sandbox=\"$sandbox\"} 1"
check "it serves nothing on TCP" sh -c "! ss -ltnp 2>/dev/null | grep -q 'pid=$last,'"

# A reload does not move it, and says so; what a user may do it changes.
write_config unix "unix:$work/other.sock" '"max_connections_per_uid": 2, "max_requests_per_uid": 5'
kill -HUP "$last"
check "it is taken over" await grep -qF 'configuration: the new one is in use' "$work/unix.log"
check "a reload says that it is fixed" grep -qE 'sidekey.metrics.*(the next start|restart)' "$work/unix.log"
check "nobody is connected to this one" await shows unix 'sidekey_connections 0'
check "and it is where it was" answers unix /livez 200 ok
check "and nowhere else" test ! -e "$work/other.sock"
check "a user may no more than that" /usr/bin/python3 -c 'import socket, sys
open_now = []
for i in range(6):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    open_now.append(s)
for s in open_now[2:]:
    while s.recv(4096):
        pass
open_now[0].sendall(b"\x94\x00\x01\xa5hello\x91\x80" * 8)
answers = b""
while answers.count(b"RESOURCE_EXHAUSTED") < 3:
    answers += open_now[0].recv(4096)' "$work/unix.sock"
check "and is told apart" shows unix 'sidekey_quota_refusals_total{quota="max_connections"} 0' \
    'sidekey_quota_refusals_total{quota="max_connections_per_uid"} 4' \
    'sidekey_quota_refusals_total{quota="max_requests_per_uid"} 3'
kill "$last"
wait "$last"
check "the agent ends with 0" test $? -eq 0
check "and takes its socket along" test ! -e "$work/m.sock"

# ---- off, and taken -----------------------------------------------------------------

write_config off ""
write_list off $tenant
start off
check "off is off" sh -c "! ls -l /proc/$last/fd | grep -q 'm.sock' && ! ss -ltnp 2>/dev/null | grep -q 'pid=$last,'"
check "and is no warning" sh -c "! grep -q metrics '$work/off.log'"

write_config taken "127.0.0.1:$port"
write_list taken $tenant
start taken
check "an agent without metrics serves keys" sidekey taken pubkey $tenant
check "and says what is wrong" grep -q "no metrics: 127.0.0.1:$port: cannot bind" "$work/taken.log"
sidekey taken status >"$work/status"
check "in status, too" grep -q "warning      no metrics: 127.0.0.1:$port" "$work/status"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
