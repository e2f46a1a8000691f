"""The independent client against the programs sidekeyd and sidekey.

usage: test_interop.py BUILD_FOLDER [RANDOM_SEED]

Prints a line for each check that fails and ends with `N passed, N failed`. The
random choices depend on RANDOM_SEED, which is printed.
"""

import base64
import contextlib
import io
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

import msgpack

import sidekey_client as sk

DOCUMENTS = pathlib.Path(__file__).resolve().parents[2] / "protocol"
DEADLINE = 60.0
ALICE = "67f1adf3-08e5-4eea-94e3-e611f263c87b"
BOB = "bob~Tenant!" + "x" * 117  # 128 bytes
CAROL = "c"
NOBODY = 65534
LENGTHS = (0, 1, 15, 16, 17, 16383, 16384, 16385, 32768, 65536)
FORMS = ((2, False), (1, False), (1, True))


class Checks:
    """Counts what was right and prints what was not."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, name, condition):
        """One check."""
        if condition:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {name}", flush=True)

    def equal(self, name, found, expected):
        """Check that two values are the same."""
        self.check(name, found == expected)
        if found != expected:
            print(f"    {str(found)[:100]}\n    is not {str(expected)[:100]}")

    def refused(self, name, code, function, *args, **kwargs):
        """Check that the call raises the error with that code."""
        self.equal(name, outcome(function, *args, **kwargs), code)

    @contextlib.contextmanager
    def group(self, name):
        """An error that a check did not expect fails the group, not the run."""
        try:
            yield
        except Exception as error:
            self.check(f"{name}: {type(error).__name__}: {error}", False)


def outcome(function, *args, **kwargs):
    """The result of a call, or the code of its error."""
    try:
        return function(*args, **kwargs)
    except sk.SidekeyError as error:
        return error.code


def wait_for(function):
    """Poll until `function` is true, or the deadline; say which."""
    deadline = time.monotonic() + DEADLINE
    while not function():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


class Agent:
    """A sidekeyd of our own, with a configuration file that can be changed."""

    def __init__(self, build, folder):
        self.folder = folder
        self.socket = str(folder / "agent.sock")
        self.config = folder / "application.json"
        self.log = folder / "agent.log"
        self.seeds = {}
        self._program = build / "sidekeyd"
        self._process = None

    def configure(self, **seeds):
        """Replace the configuration file; the seeds are by tenant, current first."""
        self.seeds = seeds
        crypto = {
            "mode": "local-multi-keys",
            "update_period": "1h",
            "tenant_keys": seeds,
        }
        settings = {
            "crypto": crypto,
            "sidekey": {"socket": self.socket, "metrics": ""},
        }
        new = self.config.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(settings), encoding="ascii")
        new.rename(self.config)

    def start(self):
        """Start it and wait until it answers."""
        secret = self.folder / "secret.json"  # instead of one that is installed here
        secret.touch(mode=0o600)
        secret.write_text("{}", encoding="ascii")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "--config", self.config, "--secret", secret],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        with sk.retry(self.connect, DEADLINE) as client:
            sk.retry(lambda: client.pubkey(next(iter(self.seeds))), DEADLINE)

    def connect(self, **kwargs):
        """A new connection."""
        if self._process is not None and self._process.poll() is not None:
            raise sk.Internal(f"sidekeyd ended: {self.log.read_text()[-2000:]}")
        return sk.Client(self.socket, timeout=DEADLINE, **kwargs)

    def stop(self):
        """Stop it and return its exit status."""
        if self._process is None:
            return None
        process, self._process = self._process, None
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def keys(self, tenant):
        """The tenant's keys as this side derives them, current first."""
        return [sk.Key.from_seed(seed) for seed in self.seeds[tenant]]


class Run(Checks):
    """All checks; those of one topic are one method."""

    def __init__(self, build, seed):
        super().__init__()
        self.build = build
        self.random = random.Random(seed)
        self.agent = None
        self.client = None

    def new_seed(self):
        """A seed of 32 to 96 bytes."""
        return base64.b64encode(self.data(self.random.randint(32, 96))).decode()

    def data(self, length):
        """Random bytes."""
        return self.random.randbytes(length)

    def aad(self):
        """None, or random bytes up to the limit."""
        length = self.random.choice(
            (0, 1, 20, sk.AAD_MAX, self.random.randint(0, 4096))
        )
        return self.random.choice((b"", self.data(length)))

    def lengths(self):
        """The lengths around borders, and some others."""
        return (*LENGTHS, *(self.random.randint(0, 65536) for _ in range(5)))

    def run(self):
        """Everything."""
        for topic in (self.examples, self.envelopes):
            with self.group(topic.__name__):
                topic()
        with tempfile.TemporaryDirectory(prefix="sidekey-interop-") as name:
            folder = pathlib.Path(name)
            self.agent = Agent(self.build, folder)
            self.agent.configure(
                **{
                    ALICE: [self.new_seed(), self.new_seed()],
                    BOB: [self.new_seed()],
                    CAROL: [self.new_seed()],
                }
            )
            try:
                self.refused("no agent", "UNAVAILABLE", self.agent.connect)
                self.agent.start()
                self.live(folder)
            except (sk.SidekeyError, OSError) as error:
                self.check(f"the agent answers: {error}", False)
            finally:
                status = self.agent.stop()
            self.equal("exit status of sidekeyd", status, 0)
            self.refused("no agent any more", "UNAVAILABLE", self.agent.connect)

    def live(self, folder):
        """What needs the agent."""
        topics = (
            self.reports,
            self.keys,
            self.python_writes,
            self.agent_writes,
            self.rewraps,
            self.envelope_errors,
            self.mutations,
            self.parameters,
            self.limits,
            self.messages,
            self.encodings,
            self.pipelining,
            self.access,
            self.watching,
        )
        for topic in topics:
            with self.group(topic.__name__), self.agent.connect() as self.client:
                topic()
        with self.group("command line"), self.agent.connect() as self.client:
            self.command_line(folder)

    # Without an agent

    def examples(self):
        """The examples of both documents."""
        envelope = (DOCUMENTS / "ENVELOPE.md").read_text(encoding="utf-8")
        fields = {}
        for name, body in re.findall(
            r"^```example (\w+)\n(.*?)^```", envelope, re.S | re.M
        ):
            entry = fields.setdefault(name, {})
            for field, value in re.findall(r"^(\w+): (.*(?:\n  .*)*)", body, re.M):
                value = "".join(value.split())
                quoted = value.startswith('"')
                number = name == "sizes"
                if quoted:
                    entry[field] = value.strip('"')
                else:
                    entry[field] = int(value) if number else bytes.fromhex(value)
        example = fields["key"]
        key = sk.Key.from_seed(example["seed"])
        self.equal("example: private", key.private, example["private"])
        self.equal("example: public", key.public, example["public"])
        self.equal("example: key_id", key.key_id, example["key_id"])

        example = fields["suite1"]
        made = dict(
            plaintext=example["plaintext"], ephemeral=example["ephemeral_private"]
        )
        self.equal("suite 1", sk.seal(ALICE, key, suite=1, **made), example["envelope"])
        self.equal("raw form", sk.seal(ALICE, key, raw=True, **made), example["raw"])

        example = fields["suite2"]
        self.equal("tenant of the examples", example["tenant"], ALICE)
        made = sk.seal(
            example["tenant"],
            key,
            example["plaintext"],
            aad=example["aad"].encode(),
            ephemeral=example["skE"],
            data_key=example["data_key"],
            salt=example["salt"],
        )
        self.equal("suite 2", made, example["envelope"])
        chunks = sk.Chunks(
            example["data_key"], example["salt"], example["aad"].encode()
        )
        self.equal("payload key", chunks.key, example["payload_key"])
        self.equal("nonce 258", chunks.nonce(258), fields["chunk258"]["nonce_258"])
        self.equal("chunk 258", chunks.seal(258, b""), fields["chunk258"]["sealed_258"])

        example = fields["rewrap"]
        keys = [sk.Key.from_seed(example[name]) for name in ("new_seed", "old_seed")]
        header = sk.parse_header(example["old_header"])
        opened = sk.open_header(example["tenant"], keys, header)
        self.equal("rewrap: data key", opened, example["data_key"])
        made = sk.rewrap_header(
            example["tenant"], keys, example["old_header"], example["skE"]
        )
        self.equal("rewrap: header", made, example["new_header"])

        for length, size in fields["sizes"].items():
            self.equal(f"payload of {length}", sk.payload_size(int(length)), size)
            self.equal(f"plaintext of {size}", sk.plaintext_size(size), int(length))

        protocol = (DOCUMENTS / "PROTOCOL.md").read_text(encoding="utf-8")
        messages = re.findall(r"^```hex (\w+) ?(.*?)\n(.*?)^```", protocol, re.S | re.M)
        self.check("the protocol has examples", len(messages) > 20)
        for kind, name, body in messages:
            message = msgpack.unpackb(bytes.fromhex(body))
            expected = {"request": 0, "response": 1, "error": 1, "notification": 2}
            self.equal(f"example: {kind} {name}", message[0], expected[kind])
            if kind == "request":
                self.equal(f"example: {name}'s method", message[2], name)

    def envelopes(self):
        """Reader against writer, and random access."""
        keys = [sk.Key.from_seed(self.new_seed()) for _ in range(2)]
        for suite, raw in FORMS:
            for length in (*self.lengths(), 1 << 20):
                name = f"python, suite {suite}, raw {raw}, {length} bytes"
                aad, data = self.aad(), self.data(length)
                envelope = sk.seal(BOB, keys[0], data, aad, suite, raw)
                args = (BOB, keys, envelope, aad, suite, raw)
                self.equal(name, outcome(sk.open_envelope, *args), data)
                if suite == sk.SUITE_GCM:
                    size = sk.GCM_HEADER_SIZE + sk.payload_size(length)
                    self.equal(f"{name}: size", len(envelope), size)
                self.ranges(name, BOB, keys, envelope, aad, suite, raw, data)
        envelope = sk.seal(BOB, keys[0], self.data(3 * sk.CHUNK), b"")
        for cut in (16, 16 + 1, 16 + 15, sk.SEALED_CHUNK, 2 * sk.SEALED_CHUNK + 16):
            args = (BOB, keys, envelope[:-cut])
            self.refused(f"cut by {cut}", "DATA_LOSS", sk.open_envelope, *args)

        seed = self.new_seed()
        same = sk.Key.from_seed(f" \t{seed}\r\n").key_id
        self.equal("white space around a seed", same, sk.Key.from_seed(seed).key_id)
        short = base64.b64encode(bytes(31)).decode()
        tail = base64.b64encode(bytes(32)).decode()
        broken = tail.replace("A=", "B=")
        for bad in (short, tail[:-1], tail + "=", broken, "A A" + tail, "-" + tail[1:]):
            self.refused(f"seed {bad}", "INVALID_ARGUMENT", sk.Key.from_seed, bad)

    def ranges(self, name, tenant, keys, envelope, aad, suite, raw, data):
        """Random access gives the same bytes."""
        reader = sk.RangeReader(
            io.BytesIO(envelope),
            lambda header: sk.open_header(tenant, keys, header),
            aad,
            suite,
            raw,
        )
        self.equal(f"{name}: length", reader.length(), len(data))
        for _ in range(8):
            border = self.random.randint(0, 4) * sk.CHUNK + self.random.randint(-1, 1)
            anywhere = self.random.randint(0, len(data) + 1)
            start = max(self.random.choice((border, anywhere)), 0)
            count = self.random.choice((0, 1, sk.CHUNK, self.random.randint(0, 40000)))
            self.equal(
                f"{name}: {count} bytes from {start}",
                reader.read(start, count),
                data[start : start + count],
            )

    # Keys and data

    def reports(self):
        """hello, tenants and status."""
        hello = self.client.info
        self.equal("protocol", hello["protocol"], 1)
        self.check("agent", hello["agent"].startswith("sidekeyd/"))
        suites = {suite["number"]: suite["name"] for suite in hello["suites"]}
        self.equal("suite 1", suites[1], "x25519-aes256ctr")
        self.equal("suite 2", suites[2], "x25519-hpke-aes256gcm")
        limits = {"message": 262144, "payload": 65536, "aad": 4096}
        self.equal("limits", hello["limits"], hello["limits"] | limits)

        rows = list(self.client.tenants())
        self.equal("tenants", [row["id"] for row in rows], sorted(self.agent.seeds))
        for row in rows:
            self.equal("key", row["key_id"], self.agent.keys(row["id"])[0].key_id)
            self.equal("state", row["state"], "active")
            self.equal("source", row["source"], "file")
            self.check("confirmed", 0 <= time.time() - row["confirmed_at"] < 600)
        status = self.client.status()
        self.equal("mode", status["mode"], "local-multi-keys")
        self.equal("ready", status["ready"], True)
        self.equal("active tenants", status["tenants"]["active"], len(rows))
        self.equal("agent of status", status["agent"], hello["agent"])
        self.equal("last error", [s["last_error"] for s in status["sources"]], [None])
        self.equal("refresh", self.client.refresh(), {})

    def keys(self):
        """Both sides derive the same keys."""
        for tenant in self.agent.seeds:
            current = self.agent.keys(tenant)[0]
            self.equal("public key", self.client.pubkey(tenant).public, current.public)

    def python_writes(self):
        """Python seals; the agent decrypts and unwraps."""
        for suite, raw in FORMS:
            for length in self.lengths():
                tenant = self.random.choice(list(self.agent.seeds))
                keys = self.agent.keys(tenant)
                key = keys[0] if raw else self.random.choice(keys)
                aad, data = self.aad(), self.data(length)
                envelope = sk.seal(tenant, key, data, aad, suite, raw)
                name = f"python to agent, suite {suite}, raw {raw}, {length} bytes"
                answer = self.client.decrypt(tenant, envelope, aad, suite, raw)
                self.equal(name, answer["plaintext"], data)
                self.equal(f"{name}: key_id", answer["key_id"], key.key_id)
                proven = answer["authenticated"]
                self.equal(f"{name}: authenticated", proven, suite == 2)
                self.unwraps(name, tenant, keys, envelope, suite, raw, aad, data)

    def agent_writes(self):
        """The agent encrypts; Python opens."""
        for suite, raw in FORMS:
            for length in self.lengths():
                tenant = self.random.choice(list(self.agent.seeds))
                keys = self.agent.keys(tenant)
                aad, data = self.aad(), self.data(length)
                name = f"agent to python, suite {suite}, raw {raw}, {length} bytes"
                answer = self.client.encrypt(tenant, data, aad, suite, raw)
                envelope = answer["ciphertext"]
                self.equal(f"{name}: key_id", answer["key_id"], keys[0].key_id)
                args = (tenant, keys, envelope, aad, suite, raw)
                self.equal(name, outcome(sk.open_envelope, *args), data)
                self.unwraps(name, tenant, keys, envelope, suite, raw, aad, data)
        made = self.client.encrypt(ALICE, b"default")["ciphertext"]
        self.equal("the default is suite 2", sk.parse_header(made).suite, 2)
        made = self.client.encrypt(ALICE, b"raw", raw=True)["ciphertext"]
        self.equal("raw alone is suite 1", len(made), sk.RAW_HEADER_SIZE + 3)
        named = {"tenant": ALICE, "plaintext": b"", "suite": "x25519-aes256ctr"}
        made = self.client.call("encrypt", named)["ciphertext"]
        self.equal("suite by name", sk.parse_header(made, None).suite, 1)

    def unwraps(self, name, tenant, keys, envelope, suite, raw, aad, data):
        """Open an envelope by the data key from the agent."""
        header = sk.parse_header(envelope, suite, raw)
        answer = self.client.unwrap(tenant, header.data, suite, raw)
        own = sk.open_header(tenant, keys, header)
        self.equal(f"{name}: data key", answer["data_key"], own)
        self.equal(f"{name}: suite", answer["suite"], suite)
        rest = envelope[header.size :]
        args = (header, answer["data_key"], rest, aad)
        self.equal(f"{name}: by the data key", outcome(sk.open_with, *args), data)

    def rewraps(self):
        """A header of the former key becomes one of the current key."""
        current, former = self.agent.keys(ALICE)
        for length in (0, 1, sk.CHUNK, 65536):
            aad, data = self.aad(), self.data(length)
            envelope = sk.seal(ALICE, former, data, aad)
            sent = envelope[: self.random.choice((96, 100, len(envelope)))]
            answer = self.client.rewrap(ALICE, sent)
            self.equal("rewrap: key_id", answer["key_id"], current.key_id)
            moved = answer["header"] + envelope[sk.GCM_HEADER_SIZE :]
            opened = outcome(sk.open_envelope, ALICE, [current], moved, aad)
            self.equal("rewrap: python opens", opened, data)
            opened = self.client.decrypt(ALICE, moved, aad)["plaintext"]
            self.equal("rewrap: the agent opens", opened, data)
            own = sk.rewrap_header(ALICE, [current, former], envelope)
            moved = own + envelope[sk.GCM_HEADER_SIZE :]
            opened = self.client.decrypt(ALICE, moved, aad)["plaintext"]
            self.equal("rewrap by python", opened, data)
        again = self.client.rewrap(ALICE, sk.seal(ALICE, current, b""))
        self.equal("rewrap to the same key", again["key_id"], current.key_id)

    # Errors

    def envelope_errors(self):
        """Each error class, the same from the agent and from Python."""
        keys = self.agent.keys(ALICE)
        stranger = sk.Key.from_seed(self.new_seed())
        good = sk.seal(ALICE, keys[0], b"secret", b"aad")
        plain = sk.seal(ALICE, keys[0], b"secret", suite=1)
        raw = plain[sk.PREFIX_SIZE :]
        foreign = sk.seal(ALICE, stranger, b"secret")
        low = good[:16] + bytes(32) + good[48:]

        def both(name, code, envelope, tenant=ALICE, aad=b"aad", suite=2, raw=False):
            call = (tenant, envelope, aad, suite, raw)
            self.refused(f"{name}: agent", code, self.client.decrypt, *call)
            call = (tenant, keys, envelope, aad, suite, raw)
            self.refused(f"{name}: python", code, sk.open_envelope, *call)

        both("another aad", "DATA_LOSS", good, aad=b"add")
        both("no aad", "DATA_LOSS", good, aad=b"")
        both("unknown key id", "NOT_FOUND", foreign)
        both("empty", "INVALID_ARGUMENT", b"")
        both("magic", "INVALID_ARGUMENT", b"SKE2" + good[4:])
        both("reserved", "INVALID_ARGUMENT", good[:7] + b"\1" + good[8:])
        both("suite 3", "UNIMPLEMENTED", good[:4] + b"\3" + good[5:])
        both("suite 3, reserved", "UNIMPLEMENTED", good[:4] + b"\3\1" + good[6:])
        both("suite 1 undemanded", "INVALID_ARGUMENT", plain)
        both("suite 2 undemanded", "INVALID_ARGUMENT", good, suite=1)
        both("undemanded, unknown key", "INVALID_ARGUMENT", foreign, suite=1)
        both("low order", "INVALID_ARGUMENT", low)
        both("low order of 1", "INVALID_ARGUMENT", low[:16] + b"\1" + low[17:])
        both("low order, unknown key", "NOT_FOUND", low[:8] + bytes(8) + low[16:])
        both("suite 1, low order", "INVALID_ARGUMENT", plain[:16] + bytes(40), suite=1)
        both("raw, low order", "INVALID_ARGUMENT", bytes(40), suite=1, raw=True)
        both("raw, short", "INVALID_ARGUMENT", raw[:31], suite=1, raw=True)
        both("raw of suite 2", "INVALID_ARGUMENT", raw, raw=True)
        both("raw as envelope", "INVALID_ARGUMENT", raw, suite=None)
        for length in range(len(good)):
            code = "INVALID_ARGUMENT" if length < sk.GCM_HEADER_SIZE else "DATA_LOSS"
            both(f"cut to {length}", code, good[:length])
        for place in range(8, len(good)):
            changed = bytearray(good)
            changed[place] ^= 1 << self.random.randint(0, 7)
            both(
                f"byte {place} changed",
                "NOT_FOUND" if place < 16 else "DATA_LOSS",
                changed,
            )
        both("a byte more", "DATA_LOSS", good + b"\0")
        relabelled = good[:4] + b"\1" + good[5:]
        both("relabelled", "INVALID_ARGUMENT", relabelled)
        answer = self.client.decrypt(ALICE, relabelled, b"aad", suite=None)
        self.equal("relabelled, no demand", answer["authenticated"], False)

        # With the same key under another name, only the tenant id differs.
        header = good[: sk.GCM_HEADER_SIZE]
        client = self.client
        opens = (client.decrypt, client.unwrap, client.rewrap)
        for call, subject in zip(opens, (good, header, header)):
            name = call.__name__
            self.refused(f"{name}: other tenant", "NOT_FOUND", call, BOB, subject)
            self.refused(f"{name}: no tenant", "NOT_FOUND", call, "nobody", subject)
            for key in self.agent.keys(BOB):
                other = sk.seal(ALICE, key, b"")[: len(subject)]
                self.refused(f"{name}: tenant id", "DATA_LOSS", call, BOB, other)
            self.refused(f"{name}: key id", "NOT_FOUND", call, ALICE, foreign[:96])
            self.refused(f"{name}: short", "INVALID_ARGUMENT", call, ALICE, header[:95])
            low_order = call, ALICE, low[:96]
            self.refused(f"{name}: low order", "INVALID_ARGUMENT", *low_order)
        for call in (client.pubkey, client.forget):
            self.refused(f"{call.__name__}: no tenant", "NOT_FOUND", call, "nobody")
        self.refused("encrypt: no tenant", "NOT_FOUND", client.encrypt, "nobody", b"")
        for name, length, args in (
            ("suite 2", 97, (good, 2)),
            ("suite 1", 49, (plain, 1)),
            ("raw", 33, (raw, 1, True)),
        ):
            call = client.unwrap, ALICE, args[0][:length], *args[1:]
            self.refused(f"unwrap: {name}, too long", "INVALID_ARGUMENT", *call)
        call = client.unwrap, ALICE, header, 1
        self.refused("unwrap: undemanded", "INVALID_ARGUMENT", *call)
        self.refused(
            "rewrap: suite 1", "FAILED_PRECONDITION", client.rewrap, ALICE, plain
        )
        call = sk.rewrap_header, ALICE, keys, plain
        self.refused("rewrap by python: suite 1", "FAILED_PRECONDITION", *call)

    def mutations(self):
        """Envelopes with random damage: the agent and Python say the same."""
        cases = []
        for _ in range(600):
            tenant = self.random.choice((ALICE, BOB))
            keys = self.agent.keys(tenant)
            suite, raw = self.random.choice(FORMS)
            length = self.random.choice((0, 5, 100, 16383, 16384, 20000))
            envelope = bytearray(
                sk.seal(
                    tenant, self.random.choice(keys), self.data(length), b"", suite, raw
                )
            )
            for _ in range(self.random.randint(0, 2)):
                self.damage(envelope)
            if self.random.random() < 0.1:
                suite = self.random.choice((None, 1, 2))
            cases.append((tenant, keys, bytes(envelope), b"", suite, raw))
        for start in range(0, len(cases), 50):
            batch = cases[start : start + 50]
            for tenant, _, envelope, aad, suite, raw in batch:
                params = {
                    "tenant": tenant,
                    "ciphertext": envelope,
                    "aad": aad,
                    "raw": raw,
                }
                if suite is not None:
                    params["suite"] = suite
                self.client.submit("decrypt", params)
            for case in batch:
                answer = outcome(self.client.result)
                if isinstance(answer, dict):
                    answer = answer["plaintext"]
                name = f"damaged: {case[2][:200].hex()}, {case[3:]}"
                self.equal(name, answer, outcome(sk.open_envelope, *case))

    def damage(self, envelope):
        """Change an envelope in one of many ways."""
        header = self.random.randrange(min(160, len(envelope) or 1))
        match self.random.randrange(6):
            case 0:
                del envelope[header:]
            case 1:
                del envelope[self.random.randrange(len(envelope) + 1) :]
            case 2:
                envelope += self.data(self.random.randint(1, 40))
            case 3:
                envelope[16:48] = bytes(32)
            case 4 if len(envelope) > 5:
                envelope[4] = self.random.randint(0, 3)
            case _ if len(envelope) > header:
                envelope[header] ^= 1 << self.random.randrange(8)

    def parameters(self):
        """Requests with the wrong parameters."""
        good = {"tenant": ALICE, "plaintext": b""}
        watched = {"tenants": [ALICE]}
        for name, code, method, params in (
            ("unknown method", "UNIMPLEMENTED", "open", {}),
            ("method in capitals", "UNIMPLEMENTED", "Hello", {}),
            ("method of 64 bytes", "UNIMPLEMENTED", "m" * 64, {}),
            ("method of 65 bytes", "INVALID_ARGUMENT", "m" * 65, {}),
            ("hello with more", "INVALID_ARGUMENT", "hello", {"x": 1}),
            ("no tenant", "INVALID_ARGUMENT", "pubkey", {}),
            ("no plaintext", "INVALID_ARGUMENT", "encrypt", {"tenant": ALICE}),
            ("no ciphertext", "INVALID_ARGUMENT", "decrypt", {"tenant": ALICE}),
            ("no header", "INVALID_ARGUMENT", "unwrap", {"tenant": ALICE}),
            ("misspelt aad", "INVALID_ARGUMENT", "encrypt", good | {"add": b""}),
            ("raw in rewrap", "INVALID_ARGUMENT", "rewrap", good | {"raw": False}),
            ("aad nil", "INVALID_ARGUMENT", "encrypt", good | {"aad": None}),
            ("aad int", "INVALID_ARGUMENT", "encrypt", good | {"aad": 1}),
            (
                "aad too long",
                "INVALID_ARGUMENT",
                "encrypt",
                good | {"aad": bytes(4097)},
            ),
            ("plaintext map", "INVALID_ARGUMENT", "encrypt", good | {"plaintext": {}}),
            ("raw int", "INVALID_ARGUMENT", "encrypt", good | {"raw": 1}),
            (
                "raw suite 2",
                "INVALID_ARGUMENT",
                "encrypt",
                good | {"raw": True, "suite": 2},
            ),
            ("suite 3", "UNIMPLEMENTED", "encrypt", good | {"suite": 3}),
            ("suite 0", "UNIMPLEMENTED", "encrypt", good | {"suite": 0}),
            ("suite 258", "UNIMPLEMENTED", "encrypt", good | {"suite": 258}),
            ("suite name", "UNIMPLEMENTED", "encrypt", good | {"suite": "x25519"}),
            ("suite float", "INVALID_ARGUMENT", "encrypt", good | {"suite": 2.0}),
            ("suite bool", "INVALID_ARGUMENT", "encrypt", good | {"suite": True}),
            ("suite long", "INVALID_ARGUMENT", "encrypt", good | {"suite": "s" * 1025}),
            ("tenant bin", "INVALID_ARGUMENT", "pubkey", {"tenant": ALICE.encode()}),
            ("tenant empty", "INVALID_ARGUMENT", "pubkey", {"tenant": ""}),
            ("tenant space", "INVALID_ARGUMENT", "pubkey", {"tenant": "a b"}),
            ("tenant 0x7f", "INVALID_ARGUMENT", "pubkey", {"tenant": "a\x7f"}),
            ("tenant umlaut", "INVALID_ARGUMENT", "pubkey", {"tenant": "\u00e4"}),
            ("tenant of 129", "INVALID_ARGUMENT", "pubkey", {"tenant": "a" * 129}),
            ("tenant of 128", "NOT_FOUND", "pubkey", {"tenant": "a" * 128}),
            ("case of tenant", "NOT_FOUND", "pubkey", {"tenant": ALICE.upper()}),
            ("watch none", "INVALID_ARGUMENT", "watch", {"tenants": []}),
            ("watch bin", "INVALID_ARGUMENT", "watch", {"tenants": [b"a"]}),
            ("watch a str", "INVALID_ARGUMENT", "watch", {"tenants": "a"}),
            ("watch 1025", "INVALID_ARGUMENT", "watch", {"tenants": ["a"] * 1025}),
            ("cursor long", "INVALID_ARGUMENT", "tenants", {"cursor": "c" * 1025}),
            ("cursor nil", "INVALID_ARGUMENT", "tenants", {"cursor": None}),
            ("refresh int", "INVALID_ARGUMENT", "refresh", {"accept_removals": 1}),
            ("watch two", {}, "watch", {"tenants": [ALICE, "not-yet"]}),
            ("watch one", {}, "watch", watched),
        ):
            self.refused(name, code, self.client.call, method, params)
        rows = self.client.call("tenants", {"cursor": ""})["tenants"]
        self.equal(
            "an empty cursor", [row["id"] for row in rows], sorted(self.agent.seeds)
        )
        last = self.client.call("tenants", {"cursor": max(self.agent.seeds)})
        self.equal("after the last", last, {"tenants": [], "next": None})
        self.equal("the connection lives", self.client.hello()["protocol"], 1)

    def limits(self):
        """What is too large."""
        too_much = b"x" * 65537
        for suite, raw in FORMS:
            name = f"suite {suite}, raw {raw}"
            sizes = suite, raw
            call = self.client.encrypt, ALICE, too_much, b"", *sizes
            self.refused(f"encrypt {name}: large", "RESOURCE_EXHAUSTED", *call)
            key = self.agent.keys(ALICE)[0]
            envelope = sk.seal(ALICE, key, too_much, b"", suite, raw)
            call = self.client.decrypt, ALICE, envelope, b"", *sizes
            self.refused(f"decrypt {name}: large", "RESOURCE_EXHAUSTED", *call)

        def request(length):
            params = {"tenant": ALICE, "plaintext": bytes(length)}
            return msgpack.packb([0, 7, "encrypt", [params]])

        room = sk.MESSAGE_MAX - len(request(200000)) + 200000
        largest = request(room)
        self.equal("the largest message", len(largest), sk.MESSAGE_MAX)
        self.answered("the largest message", largest, "RESOURCE_EXHAUSTED")
        self.hung_up("a byte more", request(room + 1), "RESOURCE_EXHAUSTED")
        claim = msgpack.packb([0, 7, "hello"])[1:]
        for name, tail in (
            ("bin of 4 GiB", b"\x91\x81\xa1a\xc6\xff\xff\xff\xff"),
            ("str of 4 GiB", b"\x91\x81\xa1a\xdb\xff\xff\xff\xff"),
            ("array of 4 GiB", b"\x91\x81\xa1a\xdd\xff\xff\xff\xff"),
            ("map of 17", b"\x91\xde\x00\x11"),
            ("map of 4 GiB", b"\x91\xdf\xff\xff\xff\xff"),
            ("nesting of 5", b"\x91\x81\xa1a\x91\x91\x01"),
        ):
            self.hung_up(name, b"\x94" + claim + tail, "RESOURCE_EXHAUSTED")
        self.hung_up("array that claims", b"\xdd\xff\xff\xff\xff", "RESOURCE_EXHAUSTED")
        nested = b"\x94" + claim + b"\x91\x81\xa1a\x91\x01"
        self.answered("nesting of 4", nested, "INVALID_ARGUMENT")
        full = msgpack.packb([0, 7, "hello", [{str(i): i for i in range(16)}]])
        self.answered("map of 16", full, "INVALID_ARGUMENT")

    def answered(self, name, message, expected):
        """The message (msgid 7) has that outcome and the connection goes on."""
        with self.agent.connect() as client:
            client._open.append(7)
            client.send_bytes(message)
            self.equal(name, outcome(client.result), expected)
            self.equal(f"{name}: goes on", client.hello()["protocol"], 1)

    def hung_up(self, name, message, code):
        """The answer is an error with msgid nil and the end of the connection."""
        with self.agent.connect() as client:
            client._open.append(7)
            client.send_bytes(message)
            client._take_until(client._answers, time.monotonic() + DEADLINE)
            msgid, error, _ = client._answers.popleft()
            self.equal(f"{name}: msgid", msgid, None)
            self.equal(name, error and sk.error_of(error).code, code)
            self.refused(f"{name}: closed", "UNAVAILABLE", client.result)

    def messages(self):
        """Messages that are no requests, and requests of the wrong shape."""
        pack = msgpack.packb
        for name, message in (
            ("no MessagePack", b"\xc1"),
            ("int", pack(5)),
            ("nil", pack(None)),
            ("map", pack({})),
            ("empty array", pack([])),
            ("no msgid", pack([0])),
            ("notification", pack([2, "hello", [{}]])),
            ("response", pack([1, 7, None, {}])),
            ("type 3", pack([3, 7, "hello", [{}]])),
            ("negative msgid", pack([0, -1, "hello", [{}]])),
            ("large msgid", pack([0, 2**32, "hello", [{}]])),
            ("msgid nil", pack([0, None, "hello", [{}]])),
            ("msgid str", pack([0, "7", "hello", [{}]])),
            ("msgid float", pack([0, 7.0, "hello", [{}]])),
            ("ext", pack([0, 7, "hello", [{"a": msgpack.ExtType(5, b"x")}]])),
            ("timestamp", pack([0, 7, "hello", [{"a": msgpack.Timestamp(1)}]])),
        ):
            self.hung_up(name, message, "INVALID_ARGUMENT")
        for name, message in (
            ("[0, msgid]", [0, 7]),
            ("no params", [0, 7, "hello"]),
            ("five members", [0, 7, "hello", [{}], 1]),
            ("method int", [0, 7, 1, [{}]]),
            ("method bin", [0, 7, b"hello", [{}]]),
            ("params nil", [0, 7, "hello", None]),
            ("params map", [0, 7, "hello", {}]),
            ("params empty", [0, 7, "hello", []]),
            ("two maps", [0, 7, "hello", [{}, {}]]),
            ("params [nil]", [0, 7, "hello", [None]]),
            ("key int", [0, 7, "hello", [{1: 1}]]),
            ("key bin", [0, 7, "pubkey", [{b"tenant": ALICE}]]),
            ("float", [0, 7, "hello", [{"a": 1.5}]]),
        ):
            self.answered(name, pack(message), "INVALID_ARGUMENT")
        twice = pack([0, 7, "pubkey"]).replace(b"\x93", b"\x94", 1)
        twice += b"\x91\x82" + 2 * (pack("tenant") + pack(ALICE))
        self.answered("given twice", twice, "INVALID_ARGUMENT")
        # What came before is answered first.
        client = self.client
        client.submit("hello")
        client.submit("pubkey", {"tenant": BOB})
        client.send_bytes(b"\xc1")
        self.equal("before the last", client.result()["protocol"], 1)
        key = client.result()["public_key"]
        self.equal("the last", key, self.agent.keys(BOB)[0].public)
        self.refused("then the error", "INVALID_ARGUMENT", client.result)

    def encodings(self):
        """Other encodings of the same request, and pieces."""
        key = self.agent.keys(ALICE)[0]
        name = ALICE.encode()
        wide = (
            b"\xdd\0\0\0\x04\xd3" + bytes(8) + b"\xcf" + bytes(7) + b"\x07"
            b"\xdb\0\0\0\x06pubkey\xdd\0\0\0\x01\xdf\0\0\0\x01"
            b"\xda\0\x06tenant\xdb\0\0\0" + bytes([len(name)]) + name
        )
        answer = {"public_key": key.public, "key_id": key.key_id, "generation": 1}
        self.answered("wide encodings", wide, answer)
        client = self.client
        for byte in wide:
            client.send_bytes(bytes([byte]))
        client._open.append(7)
        self.equal("byte by byte", client.result(), answer)
        old = {"tenant": ALICE, "plaintext": b"\xff\0old", "aad": b"\xfe", "suite": 2}
        client.send_bytes(msgpack.packb([0, 7, "encrypt", [old]], use_bin_type=False))
        client._open.append(7)
        made = client.result()["ciphertext"]
        keys = self.agent.keys(ALICE)
        opened = outcome(sk.open_envelope, ALICE, keys, made, b"\xfe")
        self.equal("str where bin is meant", opened, b"\xff\0old")
        client._next = 2**32 - 1
        self.equal("the largest msgid", client.hello()["protocol"], 1)
        self.equal("and the next", client.hello()["protocol"], 1)

    def pipelining(self):
        """Many requests before the first answer, in several forms."""
        client = self.client
        texts = [self.data(self.random.randint(0, 300)) for _ in range(500)]
        for number, text in enumerate(texts):
            client.submit("encrypt", {"tenant": ALICE, "plaintext": text})
            if number % 10 == 0:
                client.submit("pubkey", {"tenant": "nobody"})
        keys = self.agent.keys(ALICE)
        right = 0
        for number, text in enumerate(texts):
            envelope = client.result()["ciphertext"]
            right += outcome(sk.open_envelope, ALICE, keys, envelope) == text
            if number % 10 == 0:
                self.refused("in between", "NOT_FOUND", client.result)
        self.equal("pipelined", right, len(texts))

        # More bytes than any buffer holds: neither side may wait for the other.
        text = self.data(65536)
        for _ in range(100):
            client.submit("encrypt", {"tenant": ALICE, "plaintext": text, "suite": 1})
        sizes = [len(client.result()["ciphertext"]) for _ in range(100)]
        self.equal("large pipelined", sizes, [sk.CTR_HEADER_SIZE + len(text)] * 100)

        # All in one piece.
        requests = [[0, number, "pubkey", [{"tenant": BOB}]] for number in range(100)]
        with self.agent.connect(hello=False) as other:
            other._open.extend(range(100))
            other.send_bytes(b"".join(map(msgpack.packb, requests)))
            found = {other.result()["key_id"] for _ in range(100)}
        self.equal("in one piece", found, {self.agent.keys(BOB)[0].key_id})

    # Access

    def access(self):
        """Another user: first without, then with the right to connect."""
        if os.geteuid() != 0:
            print("SKIPPED: access of another user: needs root")
            return
        folder = self.agent.folder
        os.chmod(folder, 0o711)
        answers = self.as_nobody(lambda: [outcome(sk.Client, self.agent.socket)])
        self.equal("connect without the group", answers, ["PERMISSION_DENIED"])
        os.chmod(self.agent.socket, 0o666)
        methods = (
            ("PERMISSION_DENIED", "pubkey", {"tenant": ALICE}),
            ("PERMISSION_DENIED", "pubkey", {"tenant": "nobody"}),
            ("PERMISSION_DENIED", "encrypt", {"tenant": ALICE, "plaintext": b""}),
            ("PERMISSION_DENIED", "decrypt", {"tenant": ALICE, "ciphertext": b""}),
            ("PERMISSION_DENIED", "unwrap", {"tenant": ALICE, "header": b""}),
            ("PERMISSION_DENIED", "rewrap", {"tenant": ALICE, "header": b""}),
            ("PERMISSION_DENIED", "watch", {}),
            ("PERMISSION_DENIED", "watch", {"tenants": [ALICE]}),
            ("PERMISSION_DENIED", "tenants", {}),
            ("PERMISSION_DENIED", "status", {}),
            ("PERMISSION_DENIED", "refresh", {}),
            ("PERMISSION_DENIED", "forget", {"tenant": ALICE}),
            ("INVALID_ARGUMENT", "pubkey", {"tenant": ""}),
            ("INVALID_ARGUMENT", "status", {"x": 1}),
            ("UNIMPLEMENTED", "open", {}),
        )

        def ask():
            with sk.Client(self.agent.socket) as client:
                return [outcome(client.call, *method[1:]) for method in methods]

        answers = self.as_nobody(ask)
        os.chmod(self.agent.socket, 0o660)
        self.equal("as nobody", len(answers), len(methods))
        for method, answer in zip(methods, answers):
            self.equal(f"as nobody: {method[1:]}", answer, method[0])

    def as_nobody(self, function):
        """What `function` answers in a process of another user."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
                os.write(writing, json.dumps(function(), default=str).encode())
            finally:
                os._exit(0)
        os.close(writing)
        with open(reading, "rb") as file:
            answers = file.read()
        os.waitpid(pid, 0)
        return json.loads(answers or b"[]")

    # Changes

    def watching(self):
        """Changes of the file reach those who watch, and nobody else."""
        client = self.client
        with self.agent.connect() as one, self.agent.connect() as silent:
            self.equal("watch all", client.watch(), {})
            self.equal("watch one", one.watch([CAROL]), {})
            seeds = self.agent.seeds
            rotated = {ALICE: [self.new_seed(), seeds[ALICE][0]]}
            former = self.agent.keys(ALICE)[0]
            envelope = sk.seal(ALICE, former, b"before")
            unlisted = sk.seal(ALICE, self.agent.keys(ALICE)[1], b"long ago")
            raw = sk.seal(ALICE, former, b"raw", raw=True)
            self.agent.configure(**(seeds | rotated))
            changes = client.notification()
            current = self.agent.keys(ALICE)[0]
            change = {"tenant": ALICE, "key_id": current.key_id, "generation": 2}
            self.equal("a new key", changes, [change])
            self.equal("pubkey after it", client.pubkey(ALICE).public, current.public)
            self.equal(
                "former", client.decrypt(ALICE, envelope)["plaintext"], b"before"
            )
            # The file does not list that key any more; the agent goes on opening by it.
            answer = client.decrypt(ALICE, unlisted)
            self.equal("a key no longer listed", answer["plaintext"], b"long ago")
            header = client.rewrap(ALICE, envelope)["header"]
            opened = outcome(sk.open_envelope, ALICE, [current], header + envelope[96:])
            self.equal("rewrap to the new key", opened, b"before")
            answer = client.decrypt(ALICE, raw, suite=1, raw=True)
            self.check("raw by the current key", answer["plaintext"] != b"raw")
            self.equal("raw: key_id", answer["key_id"], current.key_id)

            self.agent.configure(**(self.agent.seeds | {"new": [self.new_seed()]}))
            changes = client.notification()
            key = self.agent.keys("new")[0]
            change = {"tenant": "new", "key_id": key.key_id, "generation": 1}
            self.equal("a new tenant", changes, [change])
            self.equal("its key", client.pubkey("new").public, key.public)

            self.agent.configure(**(self.agent.seeds | {CAROL: [self.new_seed()]}))
            key_id = self.agent.keys(CAROL)[0].key_id
            change = {"tenant": CAROL, "key_id": key_id, "generation": 2}
            self.equal("one: its tenant alone", one.notification(), [change])
            self.equal("all: it, too", client.notification(), [change])

            # A second watch takes the place of the first.
            self.equal("watch another", one.watch(["new"]), {})
            self.equal("forget", client.forget(CAROL), {})
            change = {"tenant": CAROL, "key_id": None, "generation": 0}
            self.equal("forgotten", client.notification(), [change])
            self.check("not served", self.served(CAROL) is None)
            self.equal("refresh", client.refresh(accept_removals=True), {})
            self.check("served again", wait_for(lambda: self.served(CAROL) == key_id))
            self.equal("back", client.notification()[0]["key_id"], key_id)

            left = dict(self.agent.seeds)
            del left["new"]
            self.agent.configure(**left)
            change = {"tenant": "new", "key_id": None, "generation": 0}
            self.equal("a tenant is gone", client.notification(), [change])
            self.equal("one hears of it", one.notification(), [change])
            self.refused("and not found", "NOT_FOUND", client.pubkey, "new")
            for other in (client, one, silent):
                other.hello()
                self.equal("nothing else", list(other.notifications), [])

    def served(self, tenant):
        """The tenant's current key id in the list of tenants, or None."""
        rows = [row for row in self.client.tenants() if row["id"] == tenant]
        return rows[0]["key_id"] if rows else None

    # The command line program

    def sidekey(self, *args, **kwargs):
        """Run the program sidekey and return what came of it."""
        return subprocess.run(
            [self.build / "sidekey", *args, "--socket", self.agent.socket],
            timeout=300,
            stdin=subprocess.DEVNULL if "input" not in kwargs else None,
            capture_output=True,
            check=False,
            **kwargs,
        )

    def command_line(self, folder):
        """Files of `sidekey encrypt` open in Python, and the reverse."""
        keys = self.agent.keys(ALICE)
        plain, sealed, opened = (
            folder / name for name in ("plain", "sealed", "opened")
        )
        names = {(2, False): [], (1, False): ["--suite", "1"], (1, True): ["--raw"]}
        large = 5 * (1 << 20) + self.random.randint(0, 1 << 20)
        for (suite, raw), options in names.items():
            for length in (*LENGTHS, 1 << 20, large):
                name = f"suite {suite}, raw {raw}, {length} bytes"
                texts = ("", "bucket/object?versionId=7", "\u00e4")
                aad = self.random.choice(texts) if suite == sk.SUITE_GCM else ""
                text = ["--aad", aad] if aad else []
                data = self.data(length)
                plain.write_bytes(data)
                args = (ALICE, "-f", "-i", plain, "-o", sealed, *options, *text)
                ended = self.sidekey("encrypt", *args)
                self.equal(
                    f"sidekey encrypt, {name}: {ended.stderr}", ended.returncode, 0
                )
                envelope = sealed.read_bytes()
                case = (ALICE, keys, envelope, aad.encode(), suite, raw)
                self.equal(
                    f"sidekey to python, {name}", outcome(sk.open_envelope, *case), data
                )
                self.file_ranges(name, sealed, aad.encode(), suite, raw, data)
                sealed.write_bytes(
                    sk.seal(ALICE, keys[0], data, aad.encode(), suite, raw)
                )
                args = (ALICE, "-f", "-i", sealed, "-o", opened, *options, *text)
                ended = self.sidekey("decrypt", *args)
                self.equal(
                    f"sidekey decrypt, {name}: {ended.stderr}", ended.returncode, 0
                )
                self.equal(f"python to sidekey, {name}", opened.read_bytes(), data)
        self.command_line_errors(sealed, opened, data)

        ended = self.sidekey("encrypt", ALICE, input=data)
        self.equal("a pipe", outcome(sk.open_envelope, ALICE, keys, ended.stdout), data)
        ended = self.sidekey("decrypt", ALICE, input=sk.seal(ALICE, keys[1], data))
        self.equal("the reverse pipe", ended.stdout, data)
        sealed.write_bytes(sk.seal(ALICE, keys[1], data))
        self.equal(
            "sidekey rewrap", self.sidekey("rewrap", ALICE, sealed).returncode, 0
        )
        moved = outcome(sk.open_envelope, ALICE, keys[:1], sealed.read_bytes())
        self.equal("rewrapped file", moved, data)
        seed = self.sidekey("keygen").stdout.decode()
        self.equal("keygen", len(sk.decode_seed(seed)), 48)

    def file_ranges(self, name, path, aad, suite, raw, data):
        """Random access to a file, by the data key from the agent."""
        with path.open("rb") as file:
            reader = sk.RangeReader(
                file,
                lambda header: self.client.unwrap(ALICE, header.data, suite, raw)[
                    "data_key"
                ],
                aad,
                suite,
                raw,
            )
            for _ in range(5):
                start = self.random.randint(0, len(data))
                found = reader.read(start, 50000)
                label = f"sidekey, {name}: range from {start}"
                self.equal(label, found, data[start : start + 50000])

    def command_line_errors(self, sealed, opened, data):
        """What sidekey must not open leaves no file."""
        key = self.agent.keys(ALICE)[0]
        good = sk.seal(ALICE, key, data, b"aad")
        bit = bytearray(good)
        bit[self.random.randrange(16, len(good))] ^= 4
        plain = sk.seal(ALICE, key, data, suite=1)
        border = sk.GCM_HEADER_SIZE + sk.PREAMBLE_SIZE + 3 * sk.SEALED_CHUNK
        for name, envelope, tenant, aad in (
            ("another aad", good, ALICE, "add"),
            ("no aad", good, ALICE, ""),
            ("another tenant", good, BOB, "aad"),
            ("a bit", bit, ALICE, "aad"),
            ("cut", good[:-1], ALICE, "aad"),
            ("cut at a chunk", good[:border], ALICE, "aad"),
            ("longer", good + b"\0", ALICE, "aad"),
            ("suite 1 without leave", plain, ALICE, ""),
            ("empty", b"", ALICE, ""),
        ):
            sealed.write_bytes(envelope)
            opened.unlink(missing_ok=True)
            text = ["--aad", aad] if aad else []
            ended = self.sidekey("decrypt", tenant, "-i", sealed, "-o", opened, *text)
            self.check(f"sidekey decrypt, {name}: refused", ended.returncode == 1)
            self.check(f"sidekey decrypt, {name}: no file", not opened.exists())


def main():
    """Run all; the exit status says whether all was right."""
    if len(sys.argv) not in (2, 3):
        print(__doc__.strip().splitlines()[2], file=sys.stderr)
        return 64
    seed = (
        int(sys.argv[2])
        if len(sys.argv) == 3
        else random.SystemRandom().getrandbits(32)
    )
    print(f"random seed {seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # stops the agent, too
    run = Run(pathlib.Path(sys.argv[1]).resolve(), seed)
    run.run()
    print(f"{run.passed} passed, {run.failed} failed")
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
