"""A scripted Coordinator: right by itself, and a liar where a row says so."""

import json
import time

from net import Listener


def head(status, headers=None, length=None):
    """The head of an HTTP answer."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode()


def page(document):
    """A good answer with a JSON document, or with bytes that pose as one."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return head("200 OK", length=len(body)) + body


class Coordinator(Listener):
    """Serves `document()` at every path.

    `lie`, when set, is called with the path and returns what to send, bytes or an
    iterator of bytes, or None for the truth; empty bytes close the connection.
    """

    def __init__(self, document, port=0):
        self.document = document
        self.lie = None
        self.requests = []  # (monotonic seconds, path)
        self.sent = 0  # bytes of the answer sent last
        super().__init__(port)

    def serve(self, sock):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = sock.recv(65536)
            if not piece:
                return
            data += piece
        path = data.split(b" ", 2)[1].decode()
        self.requests.append((time.monotonic(), path))
        answer = self.lie(path) if self.lie else None
        if answer is None:
            answer = page(self.document())
        self.sent = 0
        for piece in [answer] if isinstance(answer, bytes) else answer:
            sock.sendall(piece)
            self.sent += len(piece)
