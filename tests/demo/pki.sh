#!/bin/sh
# pki.sh - throw-away certificates for the demo: a CA, a server for 127.0.0.1,
# a client.  All EC P-256, valid for one day.
# Usage: pki.sh FOLDER
set -eu
mkdir -p "$1"
cd "$1"
umask 077

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

sign() { # NAME SUBJECT EXTENSIONS
    new_key "$1.key"
    openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
    printf '%s\n' "$3" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial \
        -days 1 -extfile "$1.ext" -out "$1.crt"
}

new_key ca.key
openssl req -x509 -new -key ca.key -subj "/CN=sidekey demo CA" -days 1 \
    -addext basicConstraints=critical,CA:TRUE -out ca.crt
sign server /CN=127.0.0.1 "subjectAltName=IP:127.0.0.1
extendedKeyUsage=serverAuth"
sign client /CN=sidekey-demo "extendedKeyUsage=clientAuth"
