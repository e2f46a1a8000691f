"""A scripted KMIP server: right by itself, and a liar where a row says so."""

import dataclasses
import ssl
import struct

from net import Listener, close

STRUCTURE, INTEGER, ENUMERATION, TEXT, BYTES, DATE = 1, 2, 5, 7, 8, 9
LOCATE, GET, GET_ATTRIBUTES = 8, 10, 11
PRE_ACTIVE, ACTIVE = 1, 2
SECRET_DATA = 7


def item(tag, kind, value):
    """One TTLV item under tag 42xxxx."""
    if kind == STRUCTURE:
        value = b"".join(value)
    elif kind == TEXT:
        value = value.encode()
    elif kind in (INTEGER, ENUMERATION):
        value = struct.pack(">i", value)
    elif kind == DATE:
        value = struct.pack(">q", value)
    head = struct.pack(">BHBI", 0x42, tag, kind, len(value))
    return head + value + bytes(-len(value) % 8)


def parse(data):
    """TTLV bytes as a list of (tag, value); structures are lists again."""
    items = []
    while data:
        _, tag, kind, length = struct.unpack(">BHBI", data[:8])
        value = data[8 : 8 + length]
        if kind == STRUCTURE:
            value = parse(value)
        elif kind in (INTEGER, ENUMERATION):
            value = struct.unpack(">i", value)[0]
        elif kind == TEXT:
            value = value.decode()
        items.append((tag, value))
        data = data[8 + length + -length % 8 :]
    return items


def find(items, tag):
    """The first value with that tag, or None."""
    return next((value for found, value in items if found == tag), None)


@dataclasses.dataclass
class Question:
    """One batch item of a request."""

    operation: int
    item_id: bytes
    payload: list

    @property
    def identifier(self):
        return find(self.payload, 0x94)

    @property
    def name(self):
        """The tenant that a Locate asks for."""
        attribute = find(self.payload, 0x08)
        return find(find(attribute, 0x0B), 0x55)


@dataclasses.dataclass
class Object:
    """Secret Data in the server."""

    name: str
    seed: str
    state: int = ACTIVE


def questions_of(message):
    """The batch items of a request message."""
    batch = [value for tag, value in parse(message)[0][1] if tag == 0x0F]
    return [Question(find(i, 0x5C), find(i, 0x93), find(i, 0x79)) for i in batch]


def message(answers):
    """A response message of batch items."""
    version = [item(0x6A, INTEGER, 1), item(0x6B, INTEGER, 4)]
    header = [
        item(0x69, STRUCTURE, version),
        item(0x92, DATE, 1700000000),
        item(0x0D, INTEGER, len(answers)),
    ]
    return item(0x7B, STRUCTURE, [item(0x7A, STRUCTURE, header), *answers])


def success(question, payload):
    """The batch item that answers a question."""
    return item(
        0x0F,
        STRUCTURE,
        [
            item(0x5C, ENUMERATION, question.operation),
            item(0x93, BYTES, question.item_id),
            item(0x7F, ENUMERATION, 0),
            item(0x7C, STRUCTURE, payload),
        ],
    )


def refusal(reason, question=None):
    """A batch item that fails; without a question, the whole message was refused."""
    head = []
    if question:
        head = [
            item(0x5C, ENUMERATION, question.operation),
            item(0x93, BYTES, question.item_id),
        ]
    status = [item(0x7F, ENUMERATION, 1), item(0x7E, ENUMERATION, reason)]
    return item(0x0F, STRUCTURE, head + status)


def located(identifiers):
    """The payload of a Locate."""
    return [item(0x94, TEXT, identifier) for identifier in identifiers]


def got(identifier, seed):
    """The payload of a Get."""
    value = item(0x45, STRUCTURE, [item(0x43, BYTES, seed.encode())])
    block = item(0x40, STRUCTURE, [item(0x42, ENUMERATION, 1), value])
    return [
        item(0x57, ENUMERATION, SECRET_DATA),
        item(0x94, TEXT, identifier),
        item(0x85, STRUCTURE, [item(0x86, ENUMERATION, 2), block]),
    ]


def _attribute(name, value):
    return item(0x08, STRUCTURE, [item(0x0A, TEXT, name), value])


def attributes(identifier, thing):
    """The payload of a Get Attributes."""
    name = [item(0x55, TEXT, thing.name), item(0x54, ENUMERATION, 1)]
    return [
        item(0x94, TEXT, identifier),
        _attribute("Name", item(0x0B, STRUCTURE, name)),
        _attribute("Object Type", item(0x0B, ENUMERATION, SECRET_DATA)),
        _attribute("State", item(0x0B, ENUMERATION, thing.state)),
    ]


class Server(Listener):
    """KMIP 1.4 over TLS with client certificates.

    `objects` maps identifiers to objects. `lie`, when set, is called with the
    questions of each request and returns the bytes to send, or None for the
    truth; empty bytes close the connection.
    """

    def __init__(self, server, ca_file, port=0):
        self.objects = {}
        self.lie = None
        self.requests = 0  # messages read
        self.serials = []  # of the client certificates seen
        self.failures = []  # of handshakes, as text
        self.use(server, ca_file)
        super().__init__(port)

    def use(self, server, ca_file):
        """Present that pair from the next connection on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server.cert_file, server.key_file)
        context.load_verify_locations(ca_file)
        context.verify_mode = ssl.CERT_REQUIRED
        self._context = context

    def put(self, name, seed, identifier=None):
        """Add or replace the object of a tenant."""
        known = [i for i, thing in self.objects.items() if thing.name == name]
        identifier = identifier or (known[0] if known else str(len(self.objects) + 1))
        self.objects[identifier] = Object(name, seed)
        return identifier

    def serve(self, sock):
        try:
            stream = self._context.wrap_socket(sock, server_side=True)
        except (OSError, ValueError) as error:
            self.failures.append(str(error))
            return
        self.open.add(stream)  # which has taken the socket over
        try:
            self.serials.append(stream.getpeercert().get("serialNumber"))
            self._talk(stream)
        finally:
            self.open.discard(stream)
            close(stream)

    def _talk(self, stream):
        while True:
            head = _read(stream, 8)
            request = head + _read(stream, struct.unpack(">I", head[4:])[0])
            self.requests += 1
            answer = self.answer(questions_of(request))
            if not answer:
                return
            stream.sendall(answer)
            if self._ends_after(answer):
                return

    @staticmethod
    def _ends_after(answer):
        """A lie may be a cut or damaged message: nothing can follow it."""
        whole = len(answer) >= 8 and 8 + int.from_bytes(answer[4:8], "big")
        return whole != len(answer)

    def answer(self, questions):
        """The bytes that answer a request."""
        lie = self.lie(questions) if self.lie else None
        if lie is not None:
            return lie
        return message([self.truth(question) for question in questions])

    def truth(self, question):
        """The right batch item for a question."""
        if question.operation == LOCATE:
            named = self.objects.items()
            return success(
                question, located([i for i, o in named if o.name == question.name])
            )
        thing = self.objects.get(question.identifier)
        if thing is None:
            return refusal(1, question)
        if question.operation == GET:
            return success(question, got(question.identifier, thing.seed))
        return success(question, attributes(question.identifier, thing))


def _read(stream, length):
    data = b""
    while len(data) < length:
        piece = stream.recv(length - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data
