#!/usr/bin/python3
"""seed.py - writes seeds for the fuzz targets, from the golden messages of
tests/lib and, where the shared data is there, from recorded KMIP messages.

Usage: seed.py FOLDER    (run in the root of the tree; then minimise with
       tests/fuzz/merge.sh)
"""
import hashlib
import json
import os
import re
import struct
import sys

SEED_A = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
SEED_B = "ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BB"
UUID_1 = "67f1adf3-08e5-4eea-94e3-e611f263c87b"
UUID_2 = "0b9c2d4e-1111-4222-8333-944445555666"
SHARED = os.environ.get("SIDEKEY_SHARED", "../shared")
out = sys.argv[1]
counts = {}


def write(door, data):
    folder = os.path.join(out, door)
    os.makedirs(folder, exist_ok=True)
    counts[door] = counts.get(door, 0) + 1
    with open(os.path.join(folder, f"seed-{counts[door]:03}"), "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def hex_texts(path):
    """Each run of adjacent hex string literals, as bytes."""
    text = open(path, encoding="utf-8").read()
    for run in re.findall(r'(?:"[0-9a-f]+"\s*)+', text):
        digits = "".join(re.findall(r'"([0-9a-f]+)"', run))
        if len(digits) >= 8 and len(digits) % 2 == 0:
            yield bytes.fromhex(digits)


def edit(kind, at, number, data=b""):
    head = bytes([kind]) + at.to_bytes(3, "big")
    return head + number.to_bytes(1 if kind < 2 else 2, "big") + data


EDITS = [b"", edit(0, 7, 1), edit(1, 9, 0xFF), edit(2, 40, 0), edit(3, 8, 4), edit(4, 3, 2, b"ab"),
         edit(5, 16, 16), edit(6, 0, 8), edit(0, 70, 0x80) + edit(2, 72, 0)]

# ---- messages of PROTOCOL.md -------------------------------------------------

wires = list(hex_texts("tests/lib/wire.c"))
for wire in wires:
    write("frame", b"\x02" + wire)
requests = [w for w in wires if w[0] == 0x94 and w[1] == 0]
for odd in (b"\xc1", b"\xdd\xff\xff\xff\xff", b"\x95\x01", b"\xdf\x00\x00\x00\x01\x01", b"\xd4\x01\x02",
            b"\xd9\x05abc", b"\xc6\x00\x05\x00\x00", b"\x94" * 9, b"\x93\x02\xa7changed\x90"):
    write("frame", b"\x01" + odd)
    write("connection", b"\x03\x00" + requests[0] + odd)


def pack(value):
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if value is None:
        return b"\xc0"
    if isinstance(value, int):
        return struct.pack(">B", value) if value < 128 else b"\xce" + struct.pack(">I", value)
    if isinstance(value, bytes):
        return b"\xc5" + struct.pack(">H", len(value)) + value
    if isinstance(value, str):
        return b"\xda" + struct.pack(">H", len(value)) + value.encode()
    if isinstance(value, list):
        return bytes([0x90 | len(value)]) + b"".join(map(pack, value))
    return bytes([0x80 | len(value)]) + b"".join(pack(k) + pack(v) for k, v in value.items())


def call(method, msgid=1, **params):
    return pack([0, msgid, method, [params]])


calls = [
    call("hello"), call("pubkey", tenant="a"), call("pubkey", tenant="nobody"),
    call("encrypt", tenant="a", plaintext=b"hello", aad=b"x"),
    call("encrypt", tenant="b", plaintext=b"", suite=1),
    call("encrypt", tenant="b", plaintext=b"raw", suite="x25519-aes256ctr", raw=True),
    call("decrypt", tenant="a", ciphertext=b"SKE1\x01" + bytes(43) + b"1234"),
    call("decrypt", tenant="a", ciphertext=bytes(40), raw=True),
    call("unwrap", tenant="a", header=bytes(96)), call("rewrap", tenant="a", header=bytes(96)),
    call("watch", tenants=["a", "b"]), call("watch"), call("tenants"), call("tenants", cursor="a"),
    call("status"), call("refresh"), call("refresh", accept_removals=True), call("forget", tenant="a"),
    call("nothing"), call("hello", unknown=1), pack([2, "x", []]), pack([0, None, "hello", [{}]]),
]
for one in (call("pubkey", tenant="x" * 1025), call("pubkey", tenant="a b"), call("pubkey", tenant=7),
            call("encrypt", tenant="a", plaintext=b"p", aad=b"x" * 4097), call("encrypt", tenant="a", plaintext=b"p", suite=9),
            call("encrypt", tenant="a", plaintext=b"p", suite=True), call("encrypt", tenant="a", plaintext=b"p", suite="?"),
            call("watch", tenants=[]), call("watch", tenants=7), call("encrypt", tenant="a", plaintext=b"p", raw=1),
            call("encrypt", tenant="a", plaintext=b"p", suite=2)[:-1] + b"\xff",
            b"\x94\x00\x01\xa5watch\x91\x81\xa7tenants\xdc\x04\x01" + b"\xa1a" * 1025):
    write("frame", b"\x01" + one)
    write("frame", b"\x02" + one)
    write("connection", b"\x03\x00" + one)
others = [call(m, tenant=t, **{p: bytes(96)}) for t in "cdefgh" for m, p in (("unwrap", "header"), ("decrypt", "ciphertext"))]
others += [call("encrypt", tenant=t, plaintext=b"x" * n) for t in "abcdef" for n in (3, 65)]
others += [call("pubkey", tenant=t) for t in "abcdefgh"]
others += [call("encrypt", tenant="a", plaintext=b"p", suite=2, raw=True), call("watch", tenants=["a", "g"]),
           call("decrypt", tenant="a", ciphertext=b"SKE1\x02" + bytes(200)), call("rewrap", tenant="b", header=bytes(96)),
           call("unwrap", tenant="a", header=b"SKE1\x01" + bytes(60)), call("watch"), call("tenants", cursor="a")]
for how in range(256):
    for choice in (0, 64, how % 64, 64 + how * 7 % 64):
        write("connection", bytes([how, choice]) + b"".join(others[how % 5 :: 5]) + b"".join(calls[how % 4 :: 4]))
for how in (0x40, 0x73, 0xC0, 0xF2):
    for end in (0, 64):
        write("connection", bytes([how, end]) + calls[-11] * 3 + calls[0] * 300 + b"".join(calls))
write("connection", b"\x50\x00" + call("tenants") * 40)
write("connection", b"\x57\x40" + call("tenants") * 16 + call("tenants", cursor="t00300"))
for how in (0, 0x40):
    write("connection", bytes([how, 128]) + call("tenants") + b"".join(others))
write("connection", b"\xd3\x00" + call("watch") + call("tenants") * 38)
write("connection", b"\xb0\x00" + call("watch", tenants=["a", "b"]) + call("hello") * 9 + call("watch", tenants=["a", "g"]))
# Many uses of keys at once: any 32 bytes are a raw header, zeroes one of low order.
opens = [call("unwrap", msgid=n, tenant="a", header=bytes([n]) * 32, raw=True) for n in range(40)]
mixed = b"".join(opens[n] + others[n % len(others)] + calls[n % 10] for n in range(12))
for how, choice in ((0x03, 2), (0x27, 1), (0x3B, 2), (0x41, 0), (0x05, 64)):
    write("connection", bytes([how, choice]) + b"".join(opens) + mixed + call("status") + opens[3] * 4 + b"\xc1")
for number, one in enumerate(requests + calls):
    write("connection", bytes([number % 12, 0]) + one)
write("connection", b"\x07\x00" + b"".join(requests))
write("connection", b"\x05\x00" + b"".join(calls))
write("connection", b"\x09\x00" + b"".join(calls[-9:]) + calls[0][:-2])
for choice in range(64):
    write("connection", bytes([choice % 12, choice]) + calls[choice % 4])

# ---- envelopes ---------------------------------------------------------------

for which in range(4):
    for number, script in enumerate(EDITS):
        write("header", bytes([which << 3 | (number % 4) << 1]) + script)
for header in hex_texts("tests/lib/golden.c"):
    if len(header) >= 48:
        write("header", b"\x00" + header[:96])
        write("header", b"\x01" + header[:48])
for flags in range(32):
    for script in EDITS[:3] + [edit(6, 56, 16400), edit(2, 56 + 16400, 0), edit(5, 56, 16400), edit(3, 56, 16400)]:
        write("payload", bytes([flags]) + struct.pack(">Q", flags * 16400 + 1) + script)
for number in ((1 << 52) - 1, 1 << 52, (1 << 64) - 1, (1 << 52) + (1 << 42) + 55, 71, 72, 55):
    write("payload", b"\x00" + struct.pack(">Q", number))
    write("payload", b"\x01" + struct.pack(">Q", number))

# An envelope and what is said of its length, a number for the sizes, a range, and
# edits to what is fetched for it.
RANGES = [bytes(3), struct.pack(">BHH", 0, 100, 50), struct.pack(">BHH", 0, 16380, 16400), struct.pack(">BHB", 5, 0, 0),
          struct.pack(">BHH", 1, 0, 33), struct.pack(">BH", 4, 16384), struct.pack(">BQH", 2, 1 << 52, 5),
          struct.pack(">BQQ", 10, (1 << 64) - 2, (1 << 64) - 2), struct.pack(">BHQ", 8, 7, (1 << 64) - 9),
          struct.pack(">BQH", 2, (1 << 64) - 20, 5), struct.pack(">BHH", 48, 20000, 20000), struct.pack(">BHH", 32, 9, 50000),
          struct.pack(">BHH", 33, 0, 16400), struct.pack(">BHQ", 56, 16384, (1 << 52) - 1)]
for kind in range(32):
    for claim in range(4):
        said = (b"", b"", struct.pack(">H", 0x8000 + kind * 16 - 256), struct.pack(">Q", (1 << 56) - 1 >> kind))[claim]
        number = struct.pack(">Q", (1 << 2 * kind) + claim)
        for one in RANGES:
            for script in EDITS[kind % 3 * 3 :][:3] if claim < 2 else EDITS[:1]:
                write("range", bytes([claim << 5 | kind]) + number + said + one + script)
for at in (20, 100, 140, 152, 16552):
    for script in (edit(0, at, 1), edit(2, at, 0), edit(3, at, 16400), edit(5, at, 16400), edit(6, at, 16400)):
        for flags in (0, 1, 2, 3, 0x20, 0x21):
            write("range", bytes([flags]) + bytes(8) + b"\x04\0\0" + script)

# A whole envelope: how, the length of its plaintext and of the pieces, edits.
for how in range(256):
    for number, size in enumerate((0, 1, 100, 16384, 16385, 40000)):
        for script in EDITS[(how + number) % 3 :: 3] + [edit(2, 100 * number, 0)]:
            write("stream", struct.pack(">BHH", how, size, (17, 500, 20000, 18, 501)[number % 5]) + script)
    for cut in (1, 15, 16, 47, 48, 60, 95, 96, 130, 159, 160, 16560):
        write("stream", struct.pack(">BHH", how, 20000, 7) + edit(2, cut, 0))

# ---- KMIP --------------------------------------------------------------------

OPERATIONS = [0x0A, 0x0B, 0x08, 0x03, 0x12, 0x13, 0x14, 0x1E]


def batch_operations(message):
    """The operations of the items of a response, as indices of OPERATIONS."""
    found = re.findall(b"\x42\x00\x5c\x05\x00\x00\x00\x04(....)", message, re.DOTALL)
    numbers = [struct.unpack(">I", one)[0] for one in found]
    return [OPERATIONS.index(n) if n in OPERATIONS else 0 for n in numbers][:16] or [0]


def write_answer(message, operations, identifier):
    questions = bytes(o | identifier << 3 for o in operations)
    write("kmip_answer", bytes([(len(operations) - 1) << 4]) + questions + message)


def shared(name):
    path = os.path.join(SHARED, "kmip", name)
    return json.load(open(path, encoding="utf-8")) if os.path.exists(path) else {}


for case in shared("kmip-vectors.json").get("messages", []):
    data = bytes.fromhex(case["hex"])
    write("ttlv", data)
    if case["direction"] != "request":
        for identifier in range(3):
            write_answer(data, batch_operations(data), identifier)
for case in shared("kmip-vectors.json").get("primitives", []):
    write("ttlv", bytes.fromhex(case["hex"]))
for case in shared("hostile.json").get("cases", []):
    data = bytes.fromhex(case["hex"])
    if len(data) <= 4096:
        write("ttlv", data)
        write_answer(data, [2 if case["answers"] == "locate" else 0], 0)
for kind in range(64):
    write("kmip_answer", bytes([1, kind]))
    write("kmip_answer", bytes([0x31, kind, kind + 1 & 63, 0, 1]))
for script in EDITS:
    write("kmip_answer", bytes([0x71] + list(range(8))) + script)
for depth in (15, 16, 17):
    data = b""
    for _ in range(depth):
        data = b"\x42\x00\x7b\x01" + struct.pack(">I", len(data)) + data
    write("ttlv", data)
for text in ("\u00e9\u20ac\U0001f600", "a\x7fb", "\x1b["):
    data = text.encode()
    write("ttlv", b"\x42\x00\x7d\x07" + struct.pack(">I", len(data)) + data + bytes(-len(data) % 8))

# ---- HTTP ---------------------------------------------------------------------

heads = ["HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nETag: \"abc\"\r\nContent-Length: 5\r\n", "HTTP/1.0 304 Not Modified\r\n",
         "HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 4\r\n", "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n",
         "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nETag:\t" + "e" * 300 + " \t\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n",
         "HTTP/1.1 429 x\r\nRetry-After: Wed, 21 Oct 2099 07:28:00 GMT\r\nETag: \x01\r\n", "HTTP/1.1 302 x\r\nLocation: /y\r\n",
         "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n", "HTTP/2 200\r\n", "\x00", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n",
         "HTTP/1.1 200 OK\r\n" + "".join(f"X-{n}: {'y' * 1000}\r\n" for n in range(70)), "HTTP/1.1 503 x\r\nRetry-After:\r\n",
         "HTTP/1.1 503 x\r\nRetry-After: 99999999999999999999999\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n"]
for number, head in enumerate(heads):
    for how in (0, 1, 6, 8 + 16 + 2):
        for body in ("", "{}abc", "5\r\nhello\r\n0\r\n\r\n", "x" * 17):
            write("page", bytes([how]) + (head + "\r\n" + body).encode("latin-1"))
    write("page", bytes([2]) + head.encode("latin-1"))
for how in range(128, 160):
    write("page", bytes([how]) + (b"\x16\x03\x03\x00\x02\x02\x28", b"\x15\x03\x01\x00\x02\x02\x28", b"HTTP")[how % 3])
for how in list(range(32, 128)) + [192, 193, 194, 195]:
    write("page", bytes([how]) + b"{\"page\": 1, \"x\": 22}"[: how % 23])

# ---- JSON --------------------------------------------------------------------

good = {"id": UUID_1, "zero_knowledge": True}
pages = [
    {"revision": 912, "tenants": [good, {"id": UUID_2, "zero_knowledge": False, "key_seed": SEED_A}],
     "next": "tenants-2.json"},
    {"revision": "abc", "tenants": [{"id": UUID_2, "zero_knowledge": False, "key_seed": [SEED_A, SEED_B]}]},
    {"revision": -1, "tenants": []}, {"tenants": [], "next": None, "revision": 1e3},
    {"revision": 1, "tenants": [dict(good, key_seed=SEED_A)]},
    {"revision": 1, "tenants": [dict(good, key_seed=None, more=[{"x": [1.5, -0.0, 1e-9]}])]},
    {"revision": 1, "tenants": [{"id": UUID_2, "zero_knowledge": False, "key_seed": "AAAA"}]},
    {"revision": 1, "tenants": [{"id": UUID_2, "zero_knowledge": False, "key_seed": [SEED_A, "?"]}]},
    {"revision": 1, "tenants": [good, good]}, {"revision": 1, "tenants": {}},
    {"revision": 1, "tenants": [{"id": "x"}]}, {"revision": 1, "tenants": [[]]},
    {"revision": 1, "tenants": [{"id": UUID_1, "zero_knowledge": 1}]},
    {"revision": 1, "tenants": [{"id": UUID_1, "zero_knowledge": False}]},
]
for page in pages:
    write("coordinator", json.dumps(page))
for text in ('{"revision":1,"revision":2,"tenants":[]}', '{"revision":"\\u0041\\ud83d\\ude00","tenants":[]}',
             '{"revision":"\\ud83d","tenants":[]}', '{"revision":1,"tenants":[],"next":"\\n\\/\\"\\\\"}', "[]", "{",
             '{"a":' * 17 + "1" + "}" * 17, '{"revision":01}', '{"revision":1,}', '{"r\u00e9":"\u20ac"}', "nul", '"\\u0000"',
             '{"tenants":[{"id":"' + UUID_1 + '","id":"' + UUID_1 + '"}],"revision":1}', "{'a':1}", "1" * 64):
    write("coordinator", text)
write("coordinator", b'{"revision":"\xff","tenants":[]}')

pem = "-----BEGIN CERTIFICATE-----\nhush\n-----END CERTIFICATE-----\n"
tls = {"key_file": "/k.pem", "cert_file": "/c.pem", "ca_file": "/ca.pem", "cipher_suites": [4865, 4866],
       "server_name": "kms", "insecure_skip_verify": False}
own = {"socket": "/run/s.sock", "workers": 2, "max_connections": 10, "max_connections_per_uid": 5, "max_payload": 65536,
       "keep_generations": 4, "max_stale": "24h", "removal_brake": 0.5, "require_memory": "none", "audit": "stderr",
       "metrics": "", "sandbox": "off", "log_level": "debug", "log_format": "json",
       "access": [{"uid": 500, "tenants": "*", "allow": ["encrypt", "decrypt"]},
                  {"gid": 5, "tenants": [UUID_1], "allow": ["all"]}, {"user": "root", "allow": ["admin"]}]}
kmip = {"port": 5696, "address": "kms:1", "hosts": ["a", "b:7", "[::1]:8"], "major_version": 1, "minor_version": 4,
        "negotiate": True, "require_active": True, "pipeline_depth": 4, "compound_create": False,
        "tenant_attribute_name": "x-tenant", "timeout": "3s"}
remote = {"crypto": {"mode": "remote-multi-keys", "update_period": "1m", "kms_config": {"kmip": kmip, "tls": tls}},
          "coordinator": {"url": "https://c/tenants.json", "token": "hush-token", "timeout": "5s", "max_page_bytes": 100000,
                          "tls": dict(tls, key=pem, cert=pem, ca=pem)}, "sidekey": own}
configs = [
    {"crypto": {"mode": "single-key", "key": SEED_A}}, {"crypto": {"key": "hush not base64"}},
    {"crypto": {"mode": "local-multi-keys", "tenant_keys": {UUID_1: SEED_A, UUID_2: [SEED_B, SEED_A]}}, "sidekey": own},
    {"crypto": {"mode": "local-multi-keys", "tenant_keys": {"bad id": SEED_A, "t": "hush", "u": 1}}},
    remote, {"crypto": {"mode": "other", "kms_config": {"kmip": {"hosts": [1, ""], "minor_version": 9}}}},
    {"crypto": {"mode": "remote-multi-keys"}}, {"sidekey": {"acess": [], "workers": -1, "max_payload": 1e9}}, {},
    {"sidekey": {"access": [{"uid": -1, "gid": "x", "tenants": [1], "allow": ["fly"], "odd": 0}, 3]}},
    {"crypto": 1, "coordinator": [], "sidekey": "x"}, {"other": {"password": "hush"}, "crypto": {"key": SEED_A}},
]
for config in configs:
    write("config", json.dumps(config, indent=1))
    write("config", json.dumps(config) + "\0" + json.dumps({"crypto": {"key": SEED_B}, "coordinator": {"token": "hush2"}}))
write("config", "")
for crypto in ({"mode": "local-multi-keys", "tenant_keys": {UUID_1: [], UUID_2: 7}}, {"mode": "local-multi-keys", "tenant_keys": []},
               {"mode": "remote-multi-keys", "tenant_keys": {"t": SEED_A, UUID_1: [SEED_A, 7]}}, {"mode": "single-key", "key": 7},
               {"mode": "single-key", "tenant_keys": {UUID_1: SEED_A}}, {"mode": "local-multi-keys", "key": SEED_A}):
    write("config", json.dumps({"crypto": crypto}))
for hosts in ([], {}, "a", ["a:b"], ["a:0", "[::1", "a:70000"]):
    write("config", json.dumps({"crypto": dict(remote["crypto"], kms_config={"kmip": dict(kmip, hosts=hosts), "tls": tls})}))
for who in ({"uid": 1, "user": "root"}, {"gid": 1, "group": "root"}, {"group": "root"}, {"group": "no-such"}, {"user": "no-such"},
            {"user": 7}, {"group": ""}):
    write("config", json.dumps({"sidekey": {"access": [dict(who, tenants="*", allow=["all"])]}}))
write("config", json.dumps({"sidekey": {"access": {}}}))
write("config", json.dumps({"sidekey": own}) + "\0" + json.dumps({"crypto": remote["crypto"], "coordinator": remote["coordinator"]}))
for section in ("crypto", "coordinator", "sidekey"):
    for key, value in remote[section].items():
        for other in (None, -1, 1.5, "", "x", [], {}):
            if other != value:
                write("config", json.dumps({**remote, section: {**remote[section], key: other}}))
for text in ('{"a":1,"a":2}', '{"crypto":{"key":"\\u00e9\\ud83d\\ude00"}}', '{"a":"\\ud800"}', "", "[]", "{} x", '{"a":1e999}',
             '{"a":' * 33 + "1" + "}" * 33, '{"a":' + "1" * 41 + "}", "{\n\n\"a\"\n:\n}", '{"a":"\t"}', '{"a":"\\u0000"}'):
    write("config", text)

# ---- what is kept over a restart: agent/store/KEEP.md ------------------------


def kept_tenant(name, use=2, origin=1, state=0, private=0, missing=0, reason=None, keys=(), last=None, ms=1000, s=1700000000,
                destroyed=0):
    text = b"" if reason is None else reason.encode()
    row = struct.pack("<BBBBBBHIB3xQqQ", len(name), use, origin, state, private, missing,
                      0 if reason is None else len(text) + 1, len(keys), destroyed, ms, s, len(keys) if last is None else last)
    body = b"".join(bytes([key]) * 40 + struct.pack("<Q", generation) for key, generation in keys)
    return row + name.encode() + text + body


def kept_gone(name, why=0, at=1700000000, last=1, zero=b""):
    return struct.pack("<BB6sqQ", len(name), why, zero, at, last) + name.encode()


def kept_index(tenants, mode=2, single=0, n_keys=None, version=2, gone=(), n_gone=None):
    counted = sum(struct.unpack_from("<I", tenant, 8)[0] for tenant in tenants)
    return b"SKDINDEX" + struct.pack("<IBBHIIII", version, mode, single, 0, len(tenants),
                                     counted if n_keys is None else n_keys,
                                     len(gone) if n_gone is None else n_gone, 0) + b"".join(tenants) + b"".join(gone)


def kept_times(count, ms, s):
    body = struct.pack("<QQq", count, ms, s)
    return body + hashlib.sha256(body).digest()[:8]


kept = [kept_tenant(UUID_1, origin=2, private=1, keys=((3, 3), (2, 2), (1, 0)), last=3),
        kept_tenant("ada", use=1, state=3, missing=2, reason="not in the tenant list", keys=((4, 1),)),
        kept_tenant("nobody", use=0, reason="", last=9, destroyed=1), kept_tenant(UUID_2, keys=((5, 1),))]
for n in range(len(kept) + 1):
    write("keep", kept_index(kept[:n]))
write("keep", kept_index([kept_tenant("*", origin=0, keys=((1, 1),))], mode=0, single=1))
write("keep", kept_index([kept[1], kept[1]]))
write("keep", kept_index(kept, n_keys=4))
write("keep", kept_index(kept, version=1))
write("keep", kept_index([kept_tenant("t", ms=1 << 60, keys=((1, 1),))]))
write("keep", kept_index([kept_tenant("a b", keys=((1, 1),))]))
write("keep", kept_index(kept)[:-1])
gone = [kept_gone("zed", why=2, at=-1), kept_gone("b", why=1, last=1 << 40), kept_gone("0b9c1d2e-0000-4000-8000-00000000beef")]
for n in range(1, len(gone) + 1):
    write("keep", kept_index(kept[:2 * n - 2], gone=gone[:n]))
write("keep", kept_index([], gone=[kept_gone("t%u" % i) for i in range(100)]))
write("keep", kept_index(kept, gone=gone)[:-1])
write("keep", kept_index(kept, gone=gone, n_gone=9))
write("keep", kept_index(kept, gone=gone, n_gone=2))
write("keep", kept_index([], n_gone=4097))
write("keep", kept_index(kept, gone=[kept_gone("ada")]))
for odd in (kept_gone("t", why=3), kept_gone("t", zero=b"x"), kept_gone("a b"), kept_gone(""), gone[1]):
    write("keep", kept_index([], gone=[gone[1], odd]))
header = b"SKDARENA" + struct.pack("<IIQQ", 2, 0, 7, 3) + bytes(16) + bytes(32) + bytes(32)
header += hashlib.sha256(header).digest()
write("keep", header)
write("keep", header + kept_times(2, 5, 6) + kept_times(1, 3, 4))
write("keep", header + kept_times(2, 5, 6) + kept_times(3, 7, -8))
write("keep", header[:8] + b"\x01" + header[9:])

# ---- small texts -------------------------------------------------------------

for text in ("0", "1h30m", "1.5h", "500ms", "-3us", "+2\u00b5s", "4\u03bcs", "9223372036854775807ns", "-9223372036854775808ns",
             "9223372036854775808ns", "1", "s", ".s", ".5s", "5.s", "1h 2m", "2562047h47m16.854775807s", "0.000000000001h",
             "1e3s", "", "+", "-0", "99999999999999999999h", "1.00000000000000000000000000001s"):
    write("duration", text)
for text in ("", "AA==", "AAA=", "AAAA", " AAAA\r\n", "AB==", "A===", "AA=A", "A A=", "-_==", SEED_A, SEED_B, "+/+/", "====",
             "AAAA\t\t", "=AAA", "AAAAA"):
    write("base64", text)
for text in (UUID_1, UUID_2.upper(), UUID_1[:-1], UUID_1.replace("-", "x"), UUID_1[:-1] + "g", "a b", "x" * 129, "\x7f", "tenant",
             "gggggggg-0000-0000-0000-000000000000", SEED_A + SEED_A, SEED_A[:40] * 20):
    write("base64", text)
for text in ("https://c.example/a/tenants.json\ntenants-2.json\n120",
             "http://u:p@c:8080/a/b?x#y\n../c?d=e#f\nWed, 21 Oct 2026 07:28:00 GMT",
             "https://c/a\nhttps://C:443/b\n0", "https://c/a\nhttp://c/a\n99999999999999999999", "https://c/a\n//evil/x\n-1",
             "file:///etc/a.json\nb.json\n1 ", "file:///a%20b%00\n%0a\n", "file://host/x\nx\n", "https://[::1]:7/a\n?q\nx",
             "ftp://x/y\nz\n", "https://c/a?b=c\n\n1", "https://c/%2e%2e/a\n./../%2f\n2", "HTTPS://c\nx y\n3", "\n\n", "x\ny\nz",
             "https://u@c/\nhttps://u:q@c/\n4", "https://c/a\nname.of.server\n5", "https://c/a\n::1\n5",
             "https://c/" + "a" * 5000 + "\nb\n6", "https://c/a\n" + "b" * 5000 + "\n6"):
    write("http", text)
