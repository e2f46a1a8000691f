# shellcheck shell=bash
# operations.sh - what docs/operations.md takes for granted: an agent with one
# tenant and an audit log, that is the user's own.
sidekey keygen --quiet -o audit.key
cat >application.json <<JSON
{"crypto": {"mode": "local-multi-keys", "update_period": "1m"},
 "sidekey": {"metrics": "", "audit": "$PWD/audit.log", "audit_key_file": "$PWD/audit.key"}}
JSON
cat >secret.json <<JSON
{"crypto": {"tenant_keys": {"t1": ["$(sidekey keygen --force)"]}}}
JSON
sidekeyd --config application.json --secret secret.json --socket "$SIDEKEY_SOCKET" >agent.log 2>&1 &
tries=600
until sidekey health --quiet 2>/dev/null; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || { cat agent.log && exit 1; }
    sleep 0.1
done
