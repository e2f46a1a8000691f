"""What must not be found: every form of every secret that a run has made."""

import base64
import hashlib
import os
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "interop"))
import sidekey_client as sidekey  # noqa: E402  (the path must be set first)

# Of a longer plaintext the scanner looks for the two ends and the middle.
PART = 96


class Canaries:
    """Names and bytes of secrets; written to a file for the scanner."""

    def __init__(self):
        self._lines = {}
        self._n = 0

    def __len__(self):
        return len(self._lines)

    def add(self, name, data):
        """One secret of 16 bytes or more."""
        self._lines.setdefault(f"{name} {data.hex()}\n", None)

    def add_seed(self, name, text):
        """A seed in each form it takes, and the private key that it makes."""
        raw = base64.b64decode(text)
        private = hashlib.sha256(raw).digest()
        self.add(f"{name}:seed-base64", text.encode())
        self.add(f"{name}:seed-raw", raw)
        self.add(f"{name}:private-key", private)
        clamped = bytes([private[0] & 248]) + private[1:31]
        self.add(f"{name}:private-key-clamped", clamped + bytes([private[31] & 127 | 64]))

    def _add_number(self, name, number, length):
        """A number as DER has it, and as OpenSSL's limbs lie in memory."""
        self.add(f"{name}-big-endian", number.to_bytes(length, "big"))
        self.add(f"{name}-little-endian", number.to_bytes(length, "little"))

    def add_tls_key(self, name, key):
        """A private key of a certificate: PEM lines, DER, its numbers."""
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ).decode()
        body = [line for line in pem.splitlines() if "---" not in line and line]
        if isinstance(key, rsa.RSAPrivateKey):
            # The modulus, which comes first, is in the certificate too.
            for number, line in enumerate(body[6:]):
                if len(line) >= 16:
                    self.add(f"{name}:pem-line-{number + 7}", line.encode())
        else:
            # 7 bytes of ASN.1, the scalar, then the public key.
            self.add(f"{name}:pem-scalar", body[0][12:52].encode())
        numbers = key.private_numbers()
        if isinstance(key, rsa.RSAPrivateKey):
            for part in ("d", "p", "q", "dmp1", "dmq1", "iqmp"):
                length = 256 if part == "d" else 128
                self._add_number(f"{name}:{part}", getattr(numbers, part), length)
        elif isinstance(key, ec.EllipticCurvePrivateKey):
            self._add_number(f"{name}:scalar", numbers.private_value, 32)
        return pem

    def add_plaintext(self, data):
        """A plaintext, or of a long one its ends and its middle."""
        self._n += 1
        name = f"plaintext-{self._n}"
        if len(data) <= 3 * PART:
            self.add(name, data)
            return
        half = len(data) // 2
        self.add(f"{name}:start", data[:PART])
        self.add(f"{name}:middle", data[half : half + PART])
        self.add(f"{name}:end", data[-PART:])

    def add_envelope(self, tenant, keys, envelope, aad=b"", raw=False):
        """All that is computed when `envelope` is opened."""
        header = sidekey.parse_header(envelope, suite=None, raw=raw)
        key = sidekey.find_key(keys, header.key_id)
        start = len(header.prefix)
        enc = header.data[start : start + 32]
        shared = sidekey.x25519(key.private, enc)
        self._n += 1
        self.add(f"ecdh-{self._n}", shared)
        data_key = sidekey.open_header(tenant, keys, header)
        self.add(f"data-key-{self._n}", data_key)
        if header.suite == sidekey.SUITE_CTR:
            return data_key
        # pylint: disable=protected-access
        wrap_key, _ = sidekey._hpke_key(tenant, shared, enc, key.public)
        self.add(f"hpke-key-{self._n}", wrap_key)
        if len(envelope) > header.size:
            salt = envelope[header.size : header.size + sidekey.SALT_SIZE]
            chunks = sidekey.Chunks(data_key, salt, aad)
            self.add(f"chunk-key-{self._n}", chunks.key)
        return data_key

    def write(self, path):
        """The file that the scanner reads."""
        with open(path, "w", encoding="ascii") as file:
            file.writelines(self._lines)
