"""Client of the sidekey key agent, and reader and writer of its envelopes.

Written from protocol/PROTOCOL.md and protocol/ENVELOPE.md alone. Section numbers
in the comments are theirs ("P" for the protocol, "E" for the envelope).

Needs the packages msgpack and cryptography.
"""

import base64
import binascii
import collections
import dataclasses
import hashlib
import hmac
import os
import random
import select
import socket
import time

import msgpack
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PROTOCOL = 1
MESSAGE_MAX = 262144
AAD_MAX = 4096
TENANT_MAX = 128
ANSWER_DEPTH = 8
ANSWER_ENTRIES = 64

SUITE_CTR = 1
SUITE_GCM = 2

MAGIC = b"SKE1"
PREFIX_SIZE = 16
CTR_HEADER_SIZE = 48
RAW_HEADER_SIZE = 32
GCM_HEADER_SIZE = 96
SALT_SIZE = 24
COMMITMENT_SIZE = 32
PREAMBLE_SIZE = SALT_SIZE + COMMITMENT_SIZE
CHUNK = 16384
TAG = 16
SEALED_CHUNK = CHUNK + TAG
HEADER_SIZES = {SUITE_CTR: CTR_HEADER_SIZE, SUITE_GCM: GCM_HEADER_SIZE}


# Errors (P7, E7)


class SidekeyError(Exception):
    """An error of the agent or of the envelope code; `code` is the code's name."""

    code = "INTERNAL"

    def __init__(self, text="", code=None):
        super().__init__(text)
        if code is not None:
            self.code = code

    def __str__(self):
        return f"{self.code}: {super().__str__()}"


class InvalidArgument(SidekeyError):
    code = "INVALID_ARGUMENT"


class DeadlineExceeded(SidekeyError):
    code = "DEADLINE_EXCEEDED"


class NotFound(SidekeyError):
    code = "NOT_FOUND"


class AlreadyExists(SidekeyError):
    code = "ALREADY_EXISTS"


class PermissionDenied(SidekeyError):
    code = "PERMISSION_DENIED"


class ResourceExhausted(SidekeyError):
    code = "RESOURCE_EXHAUSTED"


class FailedPrecondition(SidekeyError):
    code = "FAILED_PRECONDITION"


class Unimplemented(SidekeyError):
    code = "UNIMPLEMENTED"


class Internal(SidekeyError):
    code = "INTERNAL"


class Unavailable(SidekeyError):
    code = "UNAVAILABLE"


class DataLoss(SidekeyError):
    code = "DATA_LOSS"


class ProtocolError(Internal):
    """The agent sent something that the protocol does not allow."""


ERRORS = {
    cls.code: cls
    for cls in (
        InvalidArgument,
        DeadlineExceeded,
        NotFound,
        AlreadyExists,
        PermissionDenied,
        ResourceExhausted,
        FailedPrecondition,
        Unimplemented,
        Internal,
        Unavailable,
        DataLoss,
    )
}


def error_of(string):
    """The exception for the error string `CODE: text`."""
    code, _, text = string.partition(":")
    return ERRORS.get(code, Internal)(text.strip(), code)


# Keys (E2)


def x25519(private, point):
    """RFC 7748; a result of zero is refused as a point of low order (E3, check 8)."""
    secret = X25519PrivateKey.from_private_bytes(private)
    try:
        return secret.exchange(X25519PublicKey.from_public_bytes(point))
    except ValueError as error:
        raise InvalidArgument("point of low order") from error


def x25519_public(private):
    """The public key of a private one."""
    public = X25519PrivateKey.from_private_bytes(private).public_key()
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def decode_seed(seed):
    """The bytes of a seed: strict base64 of at least 32 bytes."""
    text = seed.strip(" \t\r\n")
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidArgument("seed is not base64") from error
    if base64.b64encode(decoded).decode() != text:
        raise InvalidArgument("seed is not canonical base64")
    if len(decoded) < 32:
        raise InvalidArgument("seed is too short")
    return decoded


def key_id_of(public):
    """The id of a public key."""
    return hashlib.sha256(public).digest()[:8]


@dataclasses.dataclass(frozen=True)
class Key:
    """A key of a tenant; `private` is None where only writing is possible."""

    public: bytes
    private: bytes | None = dataclasses.field(default=None, repr=False)

    @classmethod
    def from_seed(cls, seed):
        """Derive the key from a seed's base64 text."""
        private = hashlib.sha256(decode_seed(seed)).digest()
        return cls(x25519_public(private), private)

    @property
    def key_id(self):
        """The 8 bytes that name the key."""
        return key_id_of(self.public)


def check_tenant(tenant):
    """The bytes of a tenant id, or InvalidArgument."""
    if not 1 <= len(tenant) <= TENANT_MAX or any(
        not 0x21 <= ord(character) <= 0x7E for character in tenant
    ):
        raise InvalidArgument("no tenant id")
    return tenant.encode("ascii")


def check_aad(aad):
    """The aad itself, or InvalidArgument."""
    if len(aad) > AAD_MAX:
        raise InvalidArgument("aad is too long")
    return aad


# HPKE (E5.1)

KEM_SUITE = b"KEM" + bytes([0x00, 0x20])
HPKE_SUITE = b"HPKE" + bytes([0x00, 0x20, 0x00, 0x01, 0x00, 0x02])


def _extract(salt, ikm):
    return hmac.digest(salt or bytes(32), ikm, "sha256")


def _expand(prk, info, length):
    output = block = b""
    counter = 1
    while len(output) < length:
        block = hmac.digest(prk, block + info + bytes([counter]), "sha256")
        output += block
        counter += 1
    return output[:length]


def _labeled_extract(suite, salt, label, ikm):
    return _extract(salt, b"HPKE-v1" + suite + label + ikm)


def _labeled_expand(suite, prk, label, info, length):
    prefix = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label
    return _expand(prk, prefix + info, length)


def _hpke_key(tenant, shared, enc, public):
    """Key and nonce of the sealed data key, from the X25519 result `shared`."""
    info = b"sidekey/v1 dek\0" + check_tenant(tenant)
    eae_prk = _labeled_extract(KEM_SUITE, b"", b"eae_prk", shared)
    secret = _labeled_expand(KEM_SUITE, eae_prk, b"shared_secret", enc + public, 32)
    context = (
        b"\0"
        + _labeled_extract(HPKE_SUITE, b"", b"psk_id_hash", b"")
        + _labeled_extract(HPKE_SUITE, b"", b"info_hash", info)
    )
    secret = _labeled_extract(HPKE_SUITE, secret, b"secret", b"")
    return (
        _labeled_expand(HPKE_SUITE, secret, b"key", context, 32),
        _labeled_expand(HPKE_SUITE, secret, b"base_nonce", context, 12),
    )


# Headers (E3)


@dataclasses.dataclass(frozen=True)
class Header:
    """A header that was parsed, not opened; `key_id` is None in the raw form."""

    suite: int
    key_id: bytes | None
    data: bytes

    @property
    def size(self):
        """How many bytes stand before the payload."""
        return len(self.data)

    @property
    def prefix(self):
        """The bytes before the ephemeral key."""
        return self.data[:PREFIX_SIZE] if self.key_id is not None else b""


def make_prefix(suite, key_id):
    """The first 16 bytes of an envelope."""
    return MAGIC + bytes([suite, 0, 0, 0]) + key_id


def parse_header(data, suite=SUITE_GCM, raw=False):
    """Check the header at the beginning of `data`.

    `suite` is the suite that is demanded; None takes what the header says.
    """
    if raw:
        if suite not in (None, SUITE_CTR):
            raise InvalidArgument("only suite 1 has a raw form")
        if len(data) < RAW_HEADER_SIZE:
            raise InvalidArgument("shorter than a header")
        return Header(SUITE_CTR, None, bytes(data[:RAW_HEADER_SIZE]))
    if len(data) < PREFIX_SIZE:
        raise InvalidArgument("shorter than a header")
    if data[:4] != MAGIC:
        raise InvalidArgument("no envelope")
    found = data[4]
    if found not in HEADER_SIZES:
        raise Unimplemented("unknown suite")
    if any(data[5:8]):
        raise InvalidArgument("reserved bytes are not zero")
    if suite is not None and found != suite:
        raise InvalidArgument("another suite than demanded")
    size = HEADER_SIZES[found]
    if len(data) < size:
        raise InvalidArgument("shorter than a header")
    return Header(found, bytes(data[8:16]), bytes(data[:size]))


def find_key(keys, key_id):
    """The key with that id; the first of `keys` is the current one."""
    if key_id is None and keys:
        return keys[0]
    for key in keys:
        if key.key_id == key_id:
            return key
    raise NotFound("no such key")


def seal_header(tenant, key, data_key, ephemeral=None):
    """A suite 2 header that holds `data_key`."""
    ephemeral = ephemeral or os.urandom(32)
    prefix = make_prefix(SUITE_GCM, key.key_id)
    enc = x25519_public(ephemeral)
    shared = x25519(ephemeral, key.public)
    wrap_key, nonce = _hpke_key(tenant, shared, enc, key.public)
    return prefix + enc + AESGCM(wrap_key).encrypt(nonce, data_key, prefix)


def open_header(tenant, keys, header):
    """The data key (suite 2) or stream key (suite 1) of a parsed header."""
    key = find_key(keys, header.key_id)
    start = len(header.prefix)
    enc = header.data[start : start + 32]
    shared = x25519(key.private, enc)
    if header.suite == SUITE_CTR:
        return hashlib.sha256(shared).digest()
    wrap_key, nonce = _hpke_key(tenant, shared, enc, key.public)
    try:
        return AESGCM(wrap_key).decrypt(nonce, header.data[start + 32 :], header.prefix)
    except InvalidTag:
        raise DataLoss("the header does not open") from None


def rewrap_header(tenant, keys, data, ephemeral=None):
    """The 96 bytes that seal the same data key for the first of `keys`."""
    header = parse_header(data, suite=None)
    if header.suite != SUITE_GCM:
        raise FailedPrecondition("suite 1 cannot be rewrapped")
    return seal_header(tenant, keys[0], open_header(tenant, keys, header), ephemeral)


# Payload of suite 1 (E4)


def ctr(stream_key, data, offset=0):
    """Encrypt or decrypt `data`, which stands at byte `offset` of the plaintext."""
    counter = (offset // 16).to_bytes(16, "big")
    cipher = Cipher(algorithms.AES(stream_key), modes.CTR(counter)).encryptor()
    cipher.update(bytes(offset % 16))
    return cipher.update(data) + cipher.finalize()


# Payload of suite 2 (E5.2)


def payload_size(length):
    """Bytes of payload for `length` bytes of plaintext."""
    return PREAMBLE_SIZE + length + TAG * (length // CHUNK + 1)


def plaintext_size(length):
    """Bytes of plaintext for `length` bytes of payload, or DataLoss."""
    full, last = divmod(length - PREAMBLE_SIZE, SEALED_CHUNK)
    if length < PREAMBLE_SIZE or last < TAG:
        raise DataLoss("no length of a payload")
    return CHUNK * full + last - TAG


class Chunks:
    """Seals and opens the chunks of one payload."""

    def __init__(self, data_key, salt, aad):
        info = (
            b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0"
            + salt
            + b"sidekey/v1\0"
            + check_aad(aad)
        )
        derived = HKDFExpand(SHA512(), 76, info).derive(data_key)
        self.key, self.base_nonce = derived[:32], derived[32:44]
        self.commitment = derived[44:]
        self._aead = AESGCM(self.key)

    def nonce(self, number):
        """The nonce of that chunk."""
        mask = int.from_bytes(self.base_nonce, "big") ^ number
        return mask.to_bytes(12, "big")

    def seal(self, number, plaintext):
        """The sealed chunk."""
        return self._aead.encrypt(self.nonce(number), bytes(plaintext), None)

    def open(self, number, sealed):
        """The plaintext of a chunk, or DataLoss."""
        try:
            return self._aead.decrypt(self.nonce(number), bytes(sealed), None)
        except InvalidTag:
            raise DataLoss("a chunk does not open") from None


def seal_payload(data_key, plaintext, aad=b"", salt=None):
    """The payload of suite 2."""
    salt = salt or os.urandom(SALT_SIZE)
    chunks = Chunks(data_key, salt, aad)
    view = memoryview(plaintext)
    parts = [salt, chunks.commitment]
    for number in range(len(view) // CHUNK + 1):
        parts.append(chunks.seal(number, view[CHUNK * number : CHUNK * (number + 1)]))
    return b"".join(parts)


def open_payload(data_key, payload, aad=b""):
    """The plaintext of a whole payload of suite 2."""
    view = memoryview(payload)
    chunks = _open_preamble(data_key, bytes(view[:PREAMBLE_SIZE]), aad)
    plaintext_size(len(view))
    parts = []
    for number, start in enumerate(range(PREAMBLE_SIZE, len(view), SEALED_CHUNK)):
        parts.append(chunks.open(number, view[start : start + SEALED_CHUNK]))
    return b"".join(parts)


def _open_preamble(data_key, preamble, aad):
    check_aad(aad)
    if len(preamble) < PREAMBLE_SIZE:
        raise DataLoss("shorter than a payload")
    chunks = Chunks(data_key, preamble[:SALT_SIZE], aad)
    if not hmac.compare_digest(chunks.commitment, preamble[SALT_SIZE:]):
        raise DataLoss("other data key, salt or aad")
    return chunks


# Envelopes


def seal(
    tenant,
    key,
    plaintext,
    aad=b"",
    suite=None,
    raw=False,
    ephemeral=None,
    data_key=None,
    salt=None,
):
    """A whole envelope; suite 2 unless told, suite 1 when `raw`.

    `ephemeral`, `data_key` and `salt` are for the examples of the documents only.
    """
    suite = suite or (SUITE_CTR if raw else SUITE_GCM)
    check_tenant(tenant)
    check_aad(aad)
    if suite == SUITE_CTR:
        ephemeral = ephemeral or os.urandom(32)
        header = x25519_public(ephemeral)
        if not raw:
            header = make_prefix(SUITE_CTR, key.key_id) + header
        stream_key = hashlib.sha256(x25519(ephemeral, key.public)).digest()
        return header + ctr(stream_key, plaintext)
    if suite != SUITE_GCM:
        raise Unimplemented("unknown suite")
    if raw:
        raise InvalidArgument("suite 2 has no raw form")
    data_key = data_key or os.urandom(32)
    header = seal_header(tenant, key, data_key, ephemeral)
    return header + seal_payload(data_key, plaintext, aad, salt)


def open_with(header, data_key, payload, aad=b""):
    """The plaintext, from the answer of `unwrap` and the bytes after the header."""
    if header.suite == SUITE_CTR:
        return ctr(data_key, payload)
    return open_payload(data_key, payload, aad)


def open_envelope(tenant, keys, envelope, aad=b"", suite=SUITE_GCM, raw=False):
    """The plaintext of a whole envelope; `keys` are the tenant's, current first."""
    check_tenant(tenant)
    check_aad(aad)
    header = parse_header(envelope, suite, raw)
    data_key = open_header(tenant, keys, header)
    return open_with(header, data_key, memoryview(envelope)[header.size :], aad)


class RangeReader:
    """Reads any range of the plaintext of an envelope in a seekable file.

    `data_key_of` is called once with the parsed header and returns the data key: a
    call of `unwrap`, or `open_header` with keys of one's own.
    """

    def __init__(self, file, data_key_of, aad=b"", suite=SUITE_GCM, raw=False):
        self._file = file
        size = file.seek(0, os.SEEK_END)
        self.header = parse_header(self._pread(0, GCM_HEADER_SIZE), suite, raw)
        self._data_key = data_key_of(self.header)
        self._size = size - self.header.size
        self._chunks = None
        if self.header.suite == SUITE_GCM:
            preamble = self._pread(self.header.size, PREAMBLE_SIZE)
            self._chunks = _open_preamble(self._data_key, preamble, aad)
            self._size = plaintext_size(self._size)

    def _pread(self, offset, length):
        self._file.seek(offset)
        return self._file.read(length)

    def _chunk(self, number):
        start = self.header.size + PREAMBLE_SIZE + SEALED_CHUNK * number
        size = min(CHUNK, self._size - CHUNK * number) + TAG
        return self._chunks.open(number, self._pread(start, size))

    def length(self):
        """The length of the plaintext; suite 2 opens the last chunk for it."""
        if self._chunks is not None:
            self._chunk(self._size // CHUNK)
        return self._size

    def read(self, offset, length):
        """Bytes from `offset` on, fewer than `length` only at the end."""
        if self._chunks is None:
            data = self._pread(self.header.size + offset, length)
            return ctr(self._data_key, data, offset)
        if offset + length > self._size:
            self.length()  # says that the plaintext ends there
            length = max(self._size - offset, 0)
        if length == 0:
            return b""
        first = offset // CHUNK
        last = (offset + length - 1) // CHUNK
        data = b"".join(self._chunk(number) for number in range(first, last + 1))
        start = offset - CHUNK * first
        return data[start : start + length]


# The agent


def find_socket(path=None):
    """Where the agent's socket is (P2)."""
    if path or os.environ.get("SIDEKEY_SOCKET"):
        return path or os.environ["SIDEKEY_SOCKET"]
    own = os.path.join(os.environ.get("XDG_RUNTIME_DIR", ""), "sidekey/sidekey.sock")
    if os.environ.get("XDG_RUNTIME_DIR") and os.path.exists(own):
        return own
    return "/run/sidekey/sidekey.sock"


def retry(function, seconds):
    """Call `function` until it does not raise Unavailable, for `seconds` (P9)."""
    deadline = time.monotonic() + seconds
    wait = 0.05
    while True:
        try:
            return function()
        except (Unavailable, DeadlineExceeded):
            pause = wait * random.uniform(0.5, 1.5)
            if time.monotonic() + pause >= deadline:
                raise
        time.sleep(pause)
        wait = min(2 * wait, 2.0)


def _no_ext(code, data):
    raise ProtocolError("ext in a message")


def _check_answer(value, depth=1):
    """Refuse what P3 and P4 do not allow in an answer."""
    if depth > ANSWER_DEPTH:
        raise ProtocolError("nested too deeply")
    if isinstance(value, dict):
        if any(not isinstance(name, str) for name in value):
            raise ProtocolError("a key that is no str")
        value = value.values()
    elif not isinstance(value, list):
        if not isinstance(value, (type(None), bool, int, str, bytes)):
            raise ProtocolError("a type that is not allowed")
        return
    for member in value:
        inner = isinstance(member, (dict, list))
        _check_answer(member, depth + 1 if inner else depth)


class Client:
    """One connection to the agent.

    A call is `submit` and `result`; several may be submitted before the first
    result is asked for. `timeout` is the deadline of each call in seconds.
    """

    def __init__(self, path=None, timeout=10.0, hello=True):
        self.timeout = timeout
        self.notifications = collections.deque()
        self._answers = collections.deque()
        self._open = collections.deque()
        self._ended = False
        self._next = 0
        self._received = 0  # bytes that came
        self._taken = 0  # bytes of the messages that were complete
        self._unpacker = msgpack.Unpacker(
            raw=False,
            ext_hook=_no_ext,
            max_buffer_size=2 * MESSAGE_MAX,
            max_map_len=ANSWER_ENTRIES,
        )
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(timeout)
            self._socket.connect(find_socket(path))
            self._socket.setblocking(False)
            self.info = self.hello() if hello else None
        except PermissionError as error:
            self.close()
            raise PermissionDenied(str(error)) from error
        except OSError as error:
            self.close()
            raise Unavailable(str(error)) from error
        except SidekeyError:
            self.close()
            raise
        if hello and self.info.get("protocol") != PROTOCOL:
            self.close()
            raise Unimplemented("the agent speaks another protocol")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Close the connection."""
        self._socket.close()

    # Messages

    def send_bytes(self, data, deadline=None):
        """Send bytes as they are, taking in what arrives meanwhile.

        When the agent has hung up, the rest is dropped: `result` gives its last words.
        """
        deadline = deadline or time.monotonic() + self.timeout
        view = memoryview(data)
        while len(view) > 0 and not self._ended:
            if self._wait(deadline, write=True):
                self._take()
                continue
            try:
                view = view[self._socket.send(view) :]
            except OSError:
                return

    def submit(self, method, params=None):
        """Send a request and return its msgid."""
        msgid = self._next
        self._next = (msgid + 1) % 2**32
        message = msgpack.packb([0, msgid, method, [params or {}]])
        if len(message) > MESSAGE_MAX:
            raise ResourceExhausted("the request is over the message limit")
        self._open.append(msgid)
        self.send_bytes(message)
        return msgid

    def result(self, timeout=None):
        """The result of the oldest request that is open, or its error."""
        deadline = time.monotonic() + (timeout or self.timeout)
        self._take_until(self._answers, deadline)
        msgid, error, result = self._answers.popleft()
        if msgid is None:
            self.close()
            raise error_of(error)
        if not self._open or msgid != self._open.popleft():
            self.close()
            raise ProtocolError("an answer to no question, or out of order")
        if error is not None:
            raise error_of(error)
        return result

    def call(self, method, params=None, timeout=None):
        """One request and its result."""
        self.submit(method, params)
        return self.result(timeout)

    def notification(self, timeout=None):
        """The changes of the next notification, a list of maps."""
        deadline = time.monotonic() + (timeout or self.timeout)
        self._take_until(self.notifications, deadline)
        return self.notifications.popleft()

    def _take_until(self, queue, deadline):
        while not queue:
            if self._ended:
                self.close()
                raise Unavailable("the agent closed the connection")
            self._wait(deadline)
            self._take()

    def _wait(self, deadline, write=False):
        """Wait for the socket; true when there is something to read."""
        left = max(deadline - time.monotonic(), 0)
        out = [self._socket] if write else []
        readable, writable, _ = select.select([self._socket], out, [], left)
        if not readable and not writable:
            self.close()
            raise DeadlineExceeded("no answer in time")
        return bool(readable)

    def _take(self):
        """Read once and sort what came into answers and notifications."""
        try:
            data = self._socket.recv(65536)
        except OSError:
            data = b""
        if not data:
            self._ended = True
            return
        self._received += len(data)
        try:
            self._unpacker.feed(data)
            for message in self._unpacker:
                size = self._unpacker.tell() - self._taken
                self._taken += size
                if size > MESSAGE_MAX:
                    raise ProtocolError("a message over the limit")
                self._sort(message)
            if self._received - self._taken > MESSAGE_MAX:
                raise ProtocolError("a message over the limit")
        except (ValueError, msgpack.UnpackException) as error:
            self.close()
            raise ProtocolError(f"no message of the protocol: {error}") from error
        except ProtocolError:
            self.close()
            raise

    def _sort(self, message):
        _check_answer(message)
        match message:
            case [1, None, str(), None]:
                self._answers.append(message[1:])
            case [1, int(), str(), None] | [1, int(), None, dict()]:
                if isinstance(message[1], bool):
                    raise ProtocolError("a msgid that is no integer")
                self._answers.append(message[1:])
            case [2, "changed", list(changes)]:
                self.notifications.append(changes)
            case _:
                raise ProtocolError("no response and no notification")

    # Methods (P6). Arguments that are None are left out.

    def _method(self, method, timeout=None, **params):
        given = {name: value for name, value in params.items() if value is not None}
        return self.call(method, given, timeout)

    def hello(self):
        """What the agent is and what it can do."""
        return self._method("hello")

    def pubkey(self, tenant):
        """The tenant's current key, to write with."""
        answer = self._method("pubkey", tenant=tenant)
        key = Key(answer["public_key"])
        if key.key_id != answer["key_id"]:
            raise ProtocolError("the key id is not the public key's")
        return key

    def encrypt(self, tenant, plaintext, aad=None, suite=None, raw=None):
        """An envelope; the whole answer is returned."""
        return self._method(
            "encrypt", tenant=tenant, plaintext=plaintext, aad=aad, suite=suite, raw=raw
        )

    def decrypt(self, tenant, ciphertext, aad=None, suite=SUITE_GCM, raw=None):
        """The plaintext of an envelope; the whole answer is returned."""
        return self._method(
            "decrypt",
            tenant=tenant,
            ciphertext=ciphertext,
            aad=aad,
            suite=suite,
            raw=raw,
        )

    def unwrap(self, tenant, header, suite=SUITE_GCM, raw=None):
        """The data key of one payload; the whole answer is returned."""
        return self._method(
            "unwrap", tenant=tenant, header=header, suite=suite, raw=raw
        )

    def rewrap(self, tenant, header):
        """A header of suite 2 for the tenant's current key."""
        return self._method("rewrap", tenant=tenant, header=header)

    def watch(self, tenants=None):
        """Hear about changes; see `notification`."""
        return self._method("watch", tenants=tenants)

    def tenants(self):
        """All rows, page after page."""
        cursor = None
        while True:
            page = self._method("tenants", cursor=cursor)
            yield from page["tenants"]
            cursor = page["next"]
            if cursor is None:
                return

    def status(self):
        """The agent's state."""
        return self._method("status")

    def refresh(self, accept_removals=None, timeout=None):
        """Ask all sources again."""
        return self._method("refresh", timeout, accept_removals=accept_removals)

    def forget(self, tenant):
        """Drop the keys of one tenant."""
        return self._method("forget", tenant=tenant)
