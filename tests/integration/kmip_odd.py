#!/usr/bin/python3
"""A key server that is odd in one way, for test_doctor.sh.

Usage: kmip_odd.py KIND PORT CERT KEY CA    (in the root of the tree)

KIND is what it does to each question:
  silent     ends the connection
  web        answers as a web server would
  nonsense   answers well, with payloads that KMIP does not allow
  old        knows KMIP 1.0 to 1.2, and refuses what is newer
  old-rude   the same, but ends the connection
  poor       offers Query and Locate only, and no Secret Data
  honest     nothing odd, but it has no objects
"""
import os
import struct
import sys
import threading
import types

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
# pylint: disable-next=wrong-import-position
from kmip_liar import (ENUMERATION, INTEGER, STRUCTURE, TEXT, Server, find, item, message, parse, questions_of,
                       refusal, success)

DISCOVER, QUERY, LOCATE = 30, 24, 8
SYMMETRIC_KEY, SECRET_DATA = 2, 7
INVALID_MESSAGE = 4
NEEDED = [1, 3, 8, 10, 11, 18, 19, 20, 24, 30]


def versions(newest):
    return [item(0x69, STRUCTURE, [item(0x6A, INTEGER, 1), item(0x6B, INTEGER, minor)])
            for minor in range(newest, -1, -1)]


def offers(operations, types_of_objects):
    return ([item(0x5C, ENUMERATION, operation) for operation in operations] +
            [item(0x57, ENUMERATION, kind) for kind in types_of_objects])


class Odd(Server):
    """Answers by KIND; see above."""

    kind = ""

    def minor_of(self, request):
        header = find(parse(request)[0][1], 0x77)
        return find(find(header, 0x69), 0x6B)

    def payload(self, question):
        if question.operation == DISCOVER:
            return versions(2 if self.kind.startswith("old") else 4)
        if question.operation == QUERY:
            return offers([QUERY, LOCATE], [SYMMETRIC_KEY]) if self.kind == "poor" else offers(NEEDED, [SECRET_DATA])
        return []

    def reply(self, request):
        questions = questions_of(request)
        if self.kind == "silent":
            return b""
        if self.kind == "web":
            return b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
        if self.kind.startswith("old") and self.minor_of(request) > 2:
            return b"" if self.kind == "old-rude" else message([refusal(INVALID_MESSAGE)])
        if self.kind == "nonsense":
            return message([success(question, [item(0x69, TEXT, "x"), item(0x5C, TEXT, "x")]) for question in questions])
        return message([success(question, self.payload(question)) for question in questions])

    def _talk(self, stream):
        while True:
            head = stream.recv(8)
            if len(head) < 8:
                return
            body = b""
            while len(body) < struct.unpack(">I", head[4:])[0]:
                body += stream.recv(65536)
            answer = self.reply(head + body)
            if not answer:
                return
            stream.sendall(answer)
            if self.kind == "web":
                return


def main():
    kind, port, cert, key, authority = sys.argv[1:]
    Odd.kind = kind
    Odd(types.SimpleNamespace(cert_file=cert, key_file=key), authority, int(port))
    threading.Event().wait()


if __name__ == "__main__":
    main()
