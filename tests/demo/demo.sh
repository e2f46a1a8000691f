#!/bin/sh
# demo.sh - sidekey at work on this machine, with a real key server (PyKMIP,
# mutual TLS), a real Coordinator (nginx) and real files.  Prints what it does;
# leaves nothing behind; exits non-zero if any step fails.
# Usage: B=BUILD_FOLDER demo.sh
set -eu

here_abs=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "${B:-build/release}" && pwd)
work=$(mktemp -d)
# nginx, started by root, reads its files as another user.
chmod 711 "$work"
kmip_pid=
nginx_pid=
agent_pid=
step=0

stop_process() { # PID SIGNAL
    if [ -n "$1" ] && kill -"$2" "$1" 2>/dev/null; then
        wait "$1" 2>/dev/null || true
    fi
}
stop_all() {
    status=$?
    trap - EXIT
    stop_process "$agent_pid" TERM
    stop_process "$nginx_pid" TERM
    stop_process "$kmip_pid" INT
    if [ "$status" -ne 0 ]; then
        echo
        echo "The demo FAILED at step $step (exit status $status). Last lines of the logs:"
        tail -n 15 "$work"/*.log 2>/dev/null || true
    fi
    rm -rf "$work"
    exit "$status"
}
trap stop_all EXIT
trap 'exit 130' INT TERM

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
next() {
    step=$((step + 1))
    say "$step. $*"
}
show() { # run a command, showing it and what came back
    printf '   $ %s\n' "$(echo "$*" | sed "s|$bin/||g; s|$work/||g")"
    "$@" >"$work/out" 2>&1 && ran=0 || ran=$?
    sed 's/^/     /' "$work/out"
    return "$ran"
}
must_fail() {
    if show "$@"; then
        echo "   That should have failed."
        return 1
    fi
    echo "     (refused, as it must be)"
}
wait_for() { # SECONDS WHAT COMMAND...
    tries=$(($1 * 10))
    what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        if [ "$tries" -le 0 ]; then
            echo "   $what did not come up"
            return 1
        fi
        sleep 0.1
    done
}
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
port_is_open() {
    python3 -c "import socket; socket.create_connection(('127.0.0.1', $1), 1)"
}

public_tenant=0b9c1f50-7a43-4c55-9c0e-2d1f6a7b8c9d
private_tenant=67f1adf3-08e5-4eea-94e3-e611f263c87b
kmip_port=$(free_port)
http_port=$(free_port)
export SIDEKEY_SOCKET="$work/sidekey.sock"
cd "$work"

write_list() { # REVISION SEEDS_AS_JSON
    cat >"$work/www/tenants.json.new" <<LIST
{"revision": $1, "tenants": [
  {"id": "$public_tenant", "zero_knowledge": false, "key_seed": $2},
  {"id": "$private_tenant", "zero_knowledge": true}], "next": null}
LIST
    chmod 644 "$work/www/tenants.json.new"
    mv "$work/www/tenants.json.new" "$work/www/tenants.json"
}
key_id_of() { "$bin/sidekey" pubkey "$1" --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["key_id"])'; }

next "Setting up: certificates, a key server and a Coordinator, all on 127.0.0.1"
mkdir policy
sh "$here_abs/pki.sh" "$work/pki" >"$work/pki.log" 2>&1
cat >kmip.conf <<CONF
[server]
hostname=127.0.0.1
port=$kmip_port
certificate_path=$work/pki/server.crt
key_path=$work/pki/server.key
ca_path=$work/pki/ca.crt
auth_suite=TLS1.2
enable_tls_client_auth=True
logging_level=INFO
policy_path=$work/policy
database_path=$work/kmip.db
CONF
/usr/bin/python3 -W ignore /usr/bin/pykmip-server -f kmip.conf -l "$work/kmip.log" >"$work/kmip-out.log" 2>&1 &
kmip_pid=$!
echo "   pykmip-server on port $kmip_port (TLS 1.2, client certificates required)"

mkdir -m 755 www
mkdir nginx
seed_one=$("$bin/sidekey" keygen --force)
write_list 1 "\"$seed_one\""
cat >nginx.conf <<CONF
daemon off;
pid $work/nginx/pid;
error_log $work/nginx.log;
events {}
http {
    access_log off;
    etag on;
    client_body_temp_path $work/nginx/body;
    proxy_temp_path $work/nginx/proxy;
    fastcgi_temp_path $work/nginx/fastcgi;
    uwsgi_temp_path $work/nginx/uwsgi;
    scgi_temp_path $work/nginx/scgi;
    server {
        listen 127.0.0.1:$http_port;
        root $work/www;
        default_type application/json;
    }
}
CONF
/usr/sbin/nginx -e "$work/nginx.log" -c "$work/nginx.conf" &
nginx_pid=$!
echo "   nginx on port $http_port: one public tenant, one private tenant, with ETag"

cat >application.json <<CONF
{"crypto": {"mode": "remote-multi-keys", "update_period": "2s",
            "kms_config": {"kmip": {"address": "127.0.0.1:$kmip_port", "timeout": "5s"},
                           "tls": {"key_file": "$work/pki/client.key", "cert_file": "$work/pki/client.crt",
                                   "ca_file": "$work/pki/ca.crt"}}},
 "coordinator": {"url": "http://127.0.0.1:$http_port/tenants.json"},
 "sidekey": {"socket": "$SIDEKEY_SOCKET", "metrics": ""}}
CONF
echo '{}' >secret.json
chmod 600 secret.json
wait_for 60 pykmip-server port_is_open "$kmip_port"
wait_for 60 nginx port_is_open "$http_port"

next "The private tenant's seed goes to the key server, and nowhere else"
show "$bin/sidekey" kms put "$private_tenant" --generate --config application.json --secret secret.json
show "$bin/sidekey" kms get-attributes "$private_tenant" --config application.json --secret secret.json

next "Starting the agent"
show "$bin/sidekeyd" --check-config --config application.json --secret secret.json
"$bin/sidekeyd" --config application.json --secret secret.json >"$work/sidekeyd.log" 2>&1 &
agent_pid=$!
wait_for 60 sidekeyd "$bin/sidekey" health
show "$bin/sidekey" status
show "$bin/sidekey" doctor --config application.json --secret secret.json

next "Public keys of both tenants: the public one by the Coordinator, the private one by the key server"
show "$bin/sidekey" pubkey "$public_tenant"
show "$bin/sidekey" pubkey "$private_tenant"

next "A file, encrypted and decrypted for each tenant"
printf 'The quick brown fox jumps over the lazy dog.\n' >plain.txt
for tenant in "$public_tenant" "$private_tenant"; do
    show "$bin/sidekey" encrypt "$tenant" --aad demo -i plain.txt -o "$tenant.ske"
    show "$bin/sidekey" decrypt "$tenant" --aad demo -i "$tenant.ske" -o "$tenant.txt"
    cmp plain.txt "$tenant.txt"
    echo "     the same bytes came back"
done

next "A tampered file is refused"
cp "$private_tenant.ske" tampered.ske
printf 'X' | dd of=tampered.ske bs=1 seek=160 conv=notrunc 2>/dev/null
must_fail "$bin/sidekey" decrypt "$private_tenant" --aad demo -i tampered.ske -o tampered.txt
[ ! -e tampered.txt ]

next "The key server stops: both tenants are still served"
stop_process "$kmip_pid" INT
kmip_pid=
wait_for 60 "a failed refresh" grep -q "periodical update: failed to get key for tenant $private_tenant" sidekeyd.log
grep -m1 "periodical update: failed" sidekeyd.log | sed 's/^/     /'
for tenant in "$public_tenant" "$private_tenant"; do
    rm -f "$tenant.txt"
    show "$bin/sidekey" decrypt "$tenant" --aad demo -i "$tenant.ske" -o "$tenant.txt"
    cmp plain.txt "$tenant.txt"
done

next "The public tenant gets a new seed: it is picked up at the next refresh, and old files still open"
before=$(key_id_of "$public_tenant")
write_list 2 "\"$("$bin/sidekey" keygen --force)\""
has_new_key() { [ "$(key_id_of "$public_tenant")" != "$before" ]; }
wait_for 60 "the new key" has_new_key
grep -m1 "key changed" sidekeyd.log | sed 's/^/     /'
show "$bin/sidekey" pubkey "$public_tenant"
rm -f "$public_tenant.txt"
show "$bin/sidekey" decrypt "$public_tenant" --aad demo -i "$public_tenant.ske" -o "$public_tenant.txt"
cmp plain.txt "$public_tenant.txt"
show "$bin/sidekey" rewrap "$public_tenant" "$public_tenant.ske"
show "$bin/sidekey" tenants

next "Stopping everything"
kill -TERM "$agent_pid"
wait "$agent_pid"
agent_pid=
echo "   the agent answered what was in flight and exited with 0"
say "The demo is done: every step worked."
