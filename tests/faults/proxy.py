"""A TCP proxy that spoils what the server answers."""

import socket
import threading
import time

from net import Listener, close, reset


class Proxy(Listener):
    """Forwards to a port. What it does to answers can be changed at any time.

    delay      seconds before each piece of an answer
    trickle    seconds between single bytes of an answer
    cut_after  bytes of answers after which a connection is reset
    on_answer  called with the bytes of each piece, before it is forwarded
    """

    def __init__(self, target):
        self.target = target
        self.delay = 0.0
        self.trickle = 0.0
        self.cut_after = None
        self.on_answer = None
        self.cuts = 0
        self.longest = 0  # bytes answered on one connection
        super().__init__()

    def serve(self, sock):
        server = socket.create_connection(("127.0.0.1", self.target), 60)
        back = threading.Thread(target=self._forward, args=(server, sock), daemon=True)
        back.start()
        try:
            while data := sock.recv(65536):
                server.sendall(data)
        except OSError:
            pass
        close(server)
        back.join(60)

    def _forward(self, server, sock):
        answered = 0
        try:
            while data := server.recv(65536):
                if self.on_answer:
                    self.on_answer(data)
                answered += len(data)
                self.longest = max(self.longest, answered)
                if self.cut_after is not None and answered > self.cut_after:
                    sock.sendall(data[: max(len(data) - (answered - self.cut_after), 0)])
                    self.cuts += 1
                    reset(sock)
                    return
                self._pass_on(sock, data)
        except OSError:
            pass
        close(sock)

    def _pass_on(self, sock, data):
        time.sleep(self.delay)
        if not self.trickle:
            sock.sendall(data)
            return
        for at in range(len(data)):
            sock.sendall(data[at : at + 1])
            time.sleep(self.trickle)
