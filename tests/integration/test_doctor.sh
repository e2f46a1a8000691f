#!/bin/sh
# test_doctor.sh - sidekey doctor on chains that are whole, and on chains that
# are broken in one place each: it names the place, and what mends it.
#
# Each text that is kept letter for letter from the gateway's documentation is
# met once, in its situation, with what mends it: see `letter` and `kept`.
#
# Also proves: doctor.c doctor_coordinator.c doctor_kmip.c
#
# usage: test_doctor.sh BUILD_FOLDER
# Prints "N passed, N failed".
set -u

build=$(cd "${1:?usage: $0 BUILD_FOLDER}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/wait.sh
. "$(dirname "$0")/../lib/wait.sh"
work=$(mktemp -d)
running=
passed=0
failed=0
tenant=67f1adf3-08e5-4eea-94e3-e611f263c87b
private=0b9c1f50-7a43-4c55-9c0e-2d1f6a7b8c9d
seed=SuUQdM2keQHz+kltExGZkoBapzYQeSnqu4d36U5FVCg=
umask 022

stop() {
    for pid in $running; do
        kill "$pid" 2>/dev/null
        # PyKMIP leads a group: its monitor of policies outlives it.
        kill -s KILL -- "-$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

# doctor NAME CODE TEXT...: exits with CODE, and each TEXT (a pattern) is in a
# line of what it says; "!TEXT" is in none.
doctor() {
    name=$1
    code=$2
    shift 2
    # shellcheck disable=SC2086 # a command line, or nothing
    ${sidekey_before:-} "$build/sidekey" --socket "$work/s.sock" --timeout 60s doctor --config "$work/c.json" \
        --secret "$work/secret.json" >"$work/out" 2>"$work/err"
    status=$?
    ok=true
    [ $status -eq "$code" ] || ok=false
    for text in "$@"; do
        case $text in
            !*) grep -q -- "${text#!}" "$work/out" && ok=false && echo "it says: $text" ;;
            *) grep -q -- "$text" "$work/out" || { ok=false && echo "it does not say: $text"; } ;;
        esac
    done
    if $ok; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: $name: exit status $status"
        cat "$work/out" "$work/err"
    fi
}

# letter TEXT NAME CODE MEND MORE...: the same, with TEXT letter for letter in a
# line that is not well, and MEND on the line below it.
: >"$work/met"
letter() {
    kept_text=$1
    mend=$4
    kept_name=$2
    kept_code=$3
    shift 4
    doctor "$kept_name" "$kept_code" "$@"
    if awk -v text="$kept_text" -v mend="$mend" '
        is_met && index($0, "do: ") && index($0, mend) { found = 1 }
        { is_met = /^(WRONG|hm)/ && index($0, text) }
        END { exit !found }' "$work/out"; then
        passed=$((passed + 1))
        echo "$kept_text" >>"$work/met"
    else
        failed=$((failed + 1))
        echo "FAIL: $kept_name: it does not say \"$kept_text\" with \"$mend\" below"
        cat "$work/out"
    fi
}

# write_config URL COORDINATOR_TLS KMS: a remote agent.
write_config() {
    cat >"$work/c.json" <<JSON
{"crypto": {"mode": "remote-multi-keys", "update_period": "1h"$3},
 "coordinator": {"url": "$1", "timeout": "60s"$2},
 "sidekey": {"socket": "$work/s.sock", "workers": 1, "metrics": ""}}
JSON
}

# write_list PRIVATE: with a private tenant, or without.
write_list() {
    more=
    if [ "$1" = true ]; then
        more=", {\"id\": \"$private\", \"zero_knowledge\": true}"
    fi
    echo "{\"revision\": 1, \"tenants\": [{\"id\": \"$tenant\", \"zero_knowledge\": false,
        \"key_seed\": \"$seed\"}$more], \"next\": null}" >"$work/list.json"
}

echo '{}' >"$work/secret.json"
chmod 600 "$work/secret.json"

# ---- a small chain --------------------------------------------------------------

write_list false
write_config "file://$work/list.json" "" ""
doctor "no agent" 1 '^ok .*configuration .*remote-multi-keys' '^ok .*coordinator .*1 tenants, 0 of them private' \
    '^WRONG  agent ' 'do: start sidekeyd' '^1 wrong'
"$build/sidekeyd" --config "$work/c.json" --secret "$work/secret.json" >"$work/log" 2>&1 &
running=$!
await "$build/sidekey" --socket "$work/s.sock" -q health
doctor "a whole chain" 0 '^ok .*agent .*ready' "^ok .*tenant .*$tenant encrypts and decrypts" '^0 wrong, 0 doubtful' \
    '!WRONG'
chmod 644 "$work/secret.json"
doctor "a secret that everybody can read" 0 '^hm  *files .*secret.json: everybody can read' 'do: chmod o=' \
    '^0 wrong, 1 doubtful'
chmod 600 "$work/secret.json"
chmod 666 "$work/c.json"
doctor "a configuration that everybody can write" 1 '^WRONG  files .*c.json: others than its owner' '^1 wrong'
chmod 644 "$work/c.json"
write_list true
doctor "a private tenant without a key server" 1 '1 of them private' '^WRONG  key server .*kms config is required'
letter 'kms config is required' "a private tenant, and what it needs" 1 'set crypto.kms_config'
echo '{"revision": 1}' >"$work/list.json"
doctor "a list that is none" 1 '^WRONG  coordinator ' 'do: correct the list'
rm "$work/list.json"
doctor "a list that is not there" 1 '^WRONG  coordinator ' 'do: correct the path'
"$build/sidekey" --socket "$work/s.sock" refresh >/dev/null 2>&1
letter "periodical update: failed to get key for tenant $tenant" "a tenant that was not refreshed" 1 'sidekey refresh' \
    '^hm .*agent .*last confirmed .* 1 tenants in all'
write_list false
echo '{"crypto": {"mode": "remote"}}' >"$work/c.json"
letter 'invalid crypto.mode value' "a wrong mode" 78 'set crypto.mode to one of those' '^WRONG  configuration ' '!agent  '
write_config "file://$work/list.json" "" ", \"kms_config\": {\"kmip\": {\"address\": \"127.0.0.1:1\"}}"
letter 'missing required configuration' "a key server without TLS" 78 'set the key that is named'
write_config "file://$work/list.json" "" ", \"kms_config\": {\"kmip\": {\"address\": \"127.0.0.1:1\",
    \"minor_version\": 2}, \"tls\": {\"key_file\": \"/k\", \"cert_file\": \"/c\"}}"
letter 'unsupported KMIP version, use 1.4' "another version of KMIP" 78 'kmip.negotiate to true'
echo '{"crypto": {"mode": "single-key"}, "sidekey": {"workers": "many", "max_payload": 0}}' >"$work/c.json"
doctor "several findings" 78 '^WRONG  configuration .*workers' '^WRONG  configuration .*max_payload' 'do: correct that'

# ---- TLS, one failure each ---------------------------------------------------------

# Certificates that are wrong in one way each; the last argument is the number
# of days until the end.
/usr/bin/python3 - "$work" <<'PYTHON'
import datetime, ipaddress, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
work = sys.argv[1]
now = datetime.datetime.utcnow()
def make(name, host, days):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    cert = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=30))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([host]), False)
            .add_extension(x509.BasicConstraints(True, None), True)
            .sign(key, hashes.SHA256()))
    open(f"{work}/{name}.crt", "wb").write(cert.public_bytes(serialization.Encoding.PEM))
    open(f"{work}/{name}.key", "wb").write(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
make("right", address, 30)
make("expired", address, -1)
make("named", x509.DNSName("somebody.else"), 30)
PYTHON
chmod 600 "$work"/*.key

# tls_server CERTIFICATE: serves the list with it, on $port.
tls_server() {
    port=$(free_port)
    (cd "$work" && exec openssl s_server -quiet -accept "127.0.0.1:$port" -cert "$1.crt" -key "$1.key" -WWW \
        >/dev/null 2>&1) &
    running="$running $!"
    await /usr/bin/python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)"
}

tls_server right
write_config "https://127.0.0.1:$port/list.json" ", \"tls\": {\"ca_file\": \"$work/right.crt\"}" ""
doctor "the right certificate" 0 '^ok .*coordinator .*1 tenants'
write_config "https://127.0.0.1:$port/list.json" "" ""
doctor "an unknown authority" 1 '^WRONG  coordinator ' 'do: name the authority'
tls_server expired
write_config "https://127.0.0.1:$port/list.json" ", \"tls\": {\"ca_file\": \"$work/expired.crt\"}" ""
doctor "an expired certificate" 1 '^WRONG  coordinator .*expired' 'do: .*renew it there'
tls_server named
write_config "https://127.0.0.1:$port/list.json" ", \"tls\": {\"ca_file\": \"$work/named.crt\"}" ""
doctor "another name" 1 '^WRONG  coordinator ' 'do: .*tls.server_name'
write_config "https://127.0.0.1:$port/list.json" \
    ", \"tls\": {\"ca_file\": \"$work/named.crt\", \"insecure_skip_verify\": true}" ""
doctor "nothing verified" 1 'its certificate is not verified' 'do: remove insecure_skip_verify'
write_config "https://127.0.0.1:1/list.json" "" ""
doctor "nobody there" 1 '^WRONG  coordinator ' 'do: nothing listens there'

# ---- a key server -------------------------------------------------------------------

sh "$here/../demo/pki.sh" "$work/pki" >"$work/pki.log" 2>&1
chmod 600 "$work/pki/client.key"
write_list true

# kms_config PORT CERT KEY CA [MORE]: with these files for TLS.
kms_config() {
    write_config "file://$work/list.json" "" ", \"kms_config\": {\"kmip\": {\"address\": \"127.0.0.1:$1\",
        \"timeout\": \"$patience\"}, \"tls\": {\"key_file\": \"$3\", \"cert_file\": \"$2\", \"ca_file\": \"$4\"${5:-}}}"
}
own_kms_config() { kms_config "$port" "$work/pki/client.crt" "$work/pki/client.key" "$work/pki/ca.crt" "${1:-}"; }

# odd_server KIND [CERT KEY CA]: tests/integration/kmip_odd.py, on $port.
odd_server() {
    port=$(free_port)
    /usr/bin/python3 -B "$here/kmip_odd.py" "$1" "$port" "${2:-$work/pki/server.crt}" "${3:-$work/pki/server.key}" \
        "${4:-$work/pki/ca.crt}" >"$work/odd.log" 2>&1 &
    running="$running $!"
    await /usr/bin/python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)"
    own_kms_config
}

# What is waited for in vain, and on a busy machine not before all the others are.
patience=3s
odd_server silent
letter 'error reading kms response' "a key server that does not answer" 1 'its log says why'
patience=50s
odd_server web
letter 'error decoding kms response' "a server that speaks something else" 1 'speaks no KMIP' \
    '!kms response payload'
odd_server nonsense
letter 'error decoding kms response payload' "a key server that talks nonsense" 1 'sidekey kms info'
odd_server old
letter 'unsupported KMIP version, use 1.4' "a key server that is older" 1 'negotiate to true' 'it knows 1.2, 1.1, 1.0'
odd_server old-rude
letter 'unsupported KMIP version, use 1.4' "one that ends the connection then" 1 'negotiate to true' \
    'it knows 1.2, 1.1, 1.0'
sed "s/\"timeout\": \"$patience\"/\"negotiate\": true, \"minor_version\": 2, &/" "$work/c.json" >"$work/c2.json"
mv "$work/c2.json" "$work/c.json"
doctor "the same, negotiated with" 1 '^ok .*key server .*KMIP 1.2 is spoken, it knows 1.2, 1.1, 1.0' '!unsupported'
odd_server poor
doctor "a key server that offers little" 1 '^hm .*key server .*does not tell of Get, .*Secret Data objects' \
    'do: let our certificate'

# The system call that sends the question fails: in TLS 1.3 the third of the connection.
if strace -o "$work/trace" -e trace=sendto true 2>/dev/null; then
    sidekey_before="strace -o $work/trace -e trace=sendto -e inject=sendto:error=EPIPE:when=3"
    letter 'error writing kms request' "a connection that ends before the question" 1 'proxy or firewall between'
    sidekey_before=
else
    echo "SKIPPED: no tracing here, for a write that fails"
    echo 'error writing kms request' >>"$work/met"
fi

# ---- TLS to the key server: each reason -----------------------------------------------

mv "$work/list.json" "$work/private.json"
/usr/bin/python3 - "$work" <<'PYTHON'
import datetime, ipaddress, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
work = sys.argv[1]
now = datetime.datetime.utcnow()
authority = x509.load_pem_x509_certificate(open(f"{work}/pki/ca.crt", "rb").read())
signer = serialization.load_pem_private_key(open(f"{work}/pki/ca.key", "rb").read(), None)
def make(name, first_day, last_day, host="127.0.0.1"):
    key = ec.generate_private_key(ec.SECP256R1())
    cert = (x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
            .issuer_name(authority.subject).public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=first_day))
            .not_valid_after(now + datetime.timedelta(days=last_day))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), False)
            .sign(signer, hashes.SHA256()))
    open(f"{work}/{name}.crt", "wb").write(cert.public_bytes(serialization.Encoding.PEM))
    open(f"{work}/{name}.key", "wb").write(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
make("kms-expired", -30, -1)
make("kms-future", 1, 30)
make("kms-elsewhere", -1, 30, "127.0.0.9")
make("client-expired", -30, -1)
PYTHON
chmod 600 "$work"/*.key
mv "$work/private.json" "$work/list.json"

odd_server honest "$work/kms-expired.crt" "$work/kms-expired.key"
doctor "its certificate is over" 1 '^WRONG  key server .*expired' 'do: the server.s certificate has expired'
odd_server honest "$work/kms-future.crt" "$work/kms-future.key"
doctor "its certificate has not begun" 1 '^WRONG  key server .*not yet valid' 'do: look at the clocks'
odd_server honest "$work/kms-elsewhere.crt" "$work/kms-elsewhere.key"
doctor "its certificate is another's" 1 '^WRONG  key server .*for a wrong name' 'do: .*tls.server_name'
odd_server honest
doctor "nothing wrong with TLS" 1 '^ok .*key server .*KMIP 1.4 is spoken' '^ok .*key server .*offers all'
kms_config "$port" "$work/pki/client.crt" "$work/pki/client.key" "$work/right.crt"
doctor "an authority that did not sign" 1 '^WRONG  key server .*from a wrong authority' 'do: name the authority'
kms_config "$port" "$work/right.crt" "$work/right.key" "$work/pki/ca.crt"
doctor "a client certificate of nobody" 1 '^WRONG  key server .*refuses our certificate' 'do: .*trust its issuer'
kms_config "$port" "$work/client-expired.crt" "$work/client-expired.key" "$work/pki/ca.crt"
doctor "a client certificate that is over" 1 '^WRONG  key server .*expired' 'do: .*renew tls.cert'
kms_config "$port" "$work/pki/client.crt" "$work/right.key" "$work/pki/ca.crt"
doctor "a key of another certificate" 1 '^WRONG  key server ' 'do: tls.key is not the key of tls.cert: put'
own_kms_config ', "cipher_suites": [156]'
doctor "a cipher suite that nobody shares" 1 '^WRONG  key server ' 'do: .*cipher_suites'
own_kms_config ', "insecure_skip_verify": true'
doctor "a key server that is not verified" 1 'key server .*its certificate is not verified' \
    'do: remove insecure_skip_verify'
port=$(free_port)
(cd "$work" && exec /usr/bin/python3 -m http.server --bind 127.0.0.1 "$port" >/dev/null 2>&1) &
running="$running $!"
await /usr/bin/python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)"
own_kms_config
doctor "a port without TLS" 1 '^WRONG  key server ' 'do: that port speaks no TLS'

# ---- a real key server ----------------------------------------------------------------

if [ ! -x /usr/bin/pykmip-server ]; then
    echo "SKIPPED: /usr/bin/pykmip-server is not installed"
    echo "key not found for private tenantID $private" >>"$work/met"
else
    port=$(free_port)
    mkdir "$work/policy"
    cat >"$work/kmip.conf" <<CONF
[server]
hostname=127.0.0.1
port=$port
certificate_path=$work/pki/server.crt
key_path=$work/pki/server.key
ca_path=$work/pki/ca.crt
auth_suite=TLS1.2
enable_tls_client_auth=True
logging_level=INFO
policy_path=$work/policy
database_path=$work/kmip.db
CONF
    (cd "$work" && exec setsid /usr/bin/python3 -W ignore /usr/bin/pykmip-server -f kmip.conf -l "$work/kmip.log" \
        >kmip-out.log 2>&1) &
    kmip=$!
    running="$running $kmip"
    await /usr/bin/python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)"
    own_kms_config
    letter "key not found for private tenantID $private" "a seed that is missing" 1 'sidekey kms put' \
        '^ok .*key server .*KMIP 1.4 is spoken, it knows .*1.4'
    "$build/sidekey" kms put $private --generate --pre-active --config "$work/c.json" --secret "$work/secret.json" \
        >/dev/null
    doctor "an object that is not active yet" 0 "^hm .*key server .*$private is Pre-Active" 'do: activate it'
    "$build/sidekey" kms activate $private --config "$work/c.json" --secret "$work/secret.json" >/dev/null
    doctor "a key server with the seed" 0 "^ok .*key server .*$private is Active" '!WRONG'
    kill -s KILL -- "-$kmip"
    wait $kmip 2>/dev/null
    doctor "a key server that is away" 1 '^WRONG  key server .*refused' 'do: nothing listens there'
fi

# ---- the texts ------------------------------------------------------------------------

# All that are kept letter for letter, but for `Starting Keys Client update
# routine`, which is no failure and stands in the agent's log only.
kept() {
    cat <<TEXTS
kms config is required
missing required configuration
key not found for private tenantID $private
error writing kms request
error reading kms response
error decoding kms response
error decoding kms response payload
invalid crypto.mode value
unsupported KMIP version, use 1.4
periodical update: failed to get key for tenant $tenant
TEXTS
}
kept | sort >"$work/kept"
sort -u "$work/met" >"$work/met-sorted"
if cmp -s "$work/kept" "$work/met-sorted"; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "FAIL: texts that were not met in their situation:"
    diff "$work/kept" "$work/met-sorted"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
