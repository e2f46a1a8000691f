"""Requests of every kind, on several connections, with their secrets noted."""

import os
import random

from canaries import sidekey

SUITES = ((None, False), (sidekey.SUITE_CTR, False), (sidekey.SUITE_CTR, True))
DEPTH = 20


class Load:
    """Connections to one agent, and what has been said on them."""

    def __init__(self, path, canaries, keys, n_connections):
        self._canaries = canaries
        self._keys = keys  # tenant: its keys, the current one first
        self._clients = [
            sidekey.Client(path, timeout=60) for _ in range(n_connections)
        ]
        self._random = random.Random(1)
        self.counts = {}

    def close(self):
        """Hang up."""
        for client in self._clients:
            client.close()
        self._clients = []

    def client(self):
        """One of the connections."""
        return self._random.choice(self._clients)

    def _tenant(self):
        return self._random.choice(sorted(self._keys))

    def _plaintext(self):
        length = self._random.choice((16, 24, 33, 100, 1000, 16384, 50000))
        if length > 1000 and self._random.random() < 0.8:
            length = 64
        data = os.urandom(length)
        self._canaries.add_plaintext(data)
        return data

    def _sealed(self, suite, raw, aad):
        """A tenant, an envelope made here, and its plaintext."""
        tenant = self._tenant()
        key = self._random.choice(self._keys[tenant])
        if raw:
            key = self._keys[tenant][0]
        plaintext = self._plaintext()
        aad = aad if suite is None else b""
        envelope = sidekey.seal(tenant, key, plaintext, aad, suite, raw)
        self._canaries.add_envelope(tenant, self._keys[tenant], envelope, aad, raw)
        return tenant, envelope, plaintext

    def _encrypt(self, suite, raw):
        tenant, plaintext = self._tenant(), self._plaintext()
        params = {"tenant": tenant, "plaintext": plaintext}
        if suite is not None:
            params.update(suite=suite, raw=raw)

        def check(answer):
            envelope = answer["ciphertext"]
            self._canaries.add_envelope(
                tenant, self._keys[tenant], envelope, b"", raw
            )
            opened = sidekey.open_envelope(
                tenant, self._keys[tenant], envelope, b"", suite or 2, raw
            )
            assert opened == plaintext, "another plaintext"

        return "encrypt", params, check

    def _decrypt(self, suite, raw):
        aad = b"object" * 4
        tenant, envelope, plaintext = self._sealed(suite, raw, aad)
        params = {"tenant": tenant, "ciphertext": envelope}
        params.update({"aad": aad} if suite is None else {"suite": suite, "raw": raw})

        def check(answer):
            assert answer["plaintext"] == plaintext, "another plaintext"

        return "decrypt", params, check

    def _unwrap(self, suite, raw):
        tenant, envelope, _ = self._sealed(suite, raw, b"")
        header = sidekey.parse_header(envelope, suite or 2, raw)
        params = {"tenant": tenant, "header": header.data}
        if suite is not None:
            params.update(suite=suite, raw=raw)
        expected = sidekey.open_header(tenant, self._keys[tenant], header)

        def check(answer):
            assert answer["data_key"] == expected, "another data key"

        return "unwrap", params, check

    def _rewrap(self, _suite, _raw):
        tenant, envelope, _ = self._sealed(None, False, b"")

        def check(answer):
            self._canaries.add_envelope(tenant, self._keys[tenant], answer["header"])

        return "rewrap", {"tenant": tenant, "header": envelope[:96]}, check

    def _pubkey(self, _suite, _raw):
        tenant = self._tenant()

        def check(answer):
            assert answer["public_key"] == self._keys[tenant][0].public, "other key"

        return "pubkey", {"tenant": tenant}, check

    def _refused(self, _suite, _raw):
        """A changed last chunk: the first ones were opened, then wiped."""
        tenant, envelope, _ = self._sealed(None, False, b"")
        envelope = envelope[:-1] + bytes([envelope[-1] ^ 1])
        return "decrypt", {"tenant": tenant, "ciphertext": envelope}, None

    def _malformed(self, _suite, _raw):
        """A plaintext in a request that is refused before it is used."""
        return "encrypt", {"tenant": "", "plaintext": self._plaintext()}, None

    def _run(self, client, asked):
        for method, params, _ in asked:
            client.submit(method, params)
        for _method, _params, check in asked:
            try:
                answer = client.result()
                assert check is not None, "should have been refused"
                check(answer)
            except (sidekey.DataLoss, sidekey.InvalidArgument):
                assert check is None, "refused"

    def run(self, n_each):
        """Ask `n_each` of every kind, pipelined."""
        kinds = {
            "encrypt": self._encrypt,
            "decrypt": self._decrypt,
            "unwrap": self._unwrap,
            "rewrap": self._rewrap,
            "pubkey": self._pubkey,
            "refused": self._refused,
            "malformed": self._malformed,
        }
        order = [name for name in kinds for _ in range(n_each)]
        self._random.shuffle(order)
        for start in range(0, len(order), DEPTH):
            asked = [
                kinds[name](*self._random.choice(SUITES))
                for name in order[start : start + DEPTH]
            ]
            self._run(self.client(), asked)
        for name in kinds:
            self.counts[name] = self.counts.get(name, 0) + n_each

    def run_admin(self, n_each):
        """What asks for no key, `n_each` of every kind."""
        for _ in range(n_each):
            client = self.client()
            client.hello()
            client.status()
            assert list(client.tenants()), "no tenants"
            client.watch()
            try:
                client.forget("nobody-knows-me")
                raise AssertionError("forgot nobody")
            except sidekey.NotFound:
                pass
        # One refresh answers all that wait for it.
        for _ in range(0, n_each, len(self._clients)):
            for client in self._clients:
                client.submit("refresh", {})
            for client in self._clients:
                client.result()

    def hang_up_halfway(self, path):
        """A message with a plaintext in it that never ends."""
        for _ in range(20):
            client = sidekey.Client(path, timeout=60)
            plaintext = self._plaintext()
            message = sidekey.msgpack.packb(
                [0, 9, "encrypt", [{"tenant": "t", "plaintext": plaintext}]]
            )
            client.send_bytes(message[:-4])
            client.close()
