"""Sockets of the scripted servers: a listener with a thread for each client."""

import contextlib
import random
import socket
import struct
import threading


def free_port():
    """A port that nobody listens at now."""
    while True:
        port = random.randrange(12000, 32000)  # the kernel gives none of these
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def reset(sock):
    """Close with a RST."""
    linger = struct.pack("ii", 1, 0)
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    close(sock)


def close(sock):
    """Close, also when another thread reads from it."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        sock.close()


class Listener:
    """Accepts on 127.0.0.1; a subclass says in `serve` what to do with a client."""

    def __init__(self, port=0):
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.open = set()  # connections now
        self.most_open = 0  # at one time
        self.accepted = 0
        self._lock = threading.Lock()
        self._stopping = False
        threading.Thread(target=self._run, daemon=True).start()

    def serve(self, sock):
        """Work off one client; the socket is closed afterwards."""
        raise NotImplementedError

    def _run(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            if self._stopping:
                sock.close()
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self.open.add(sock)
            self.accepted += 1
            self.most_open = max(self.most_open, len(self.open))
        try:
            self.serve(sock)
        except (OSError, EOFError):
            pass
        finally:
            with self._lock:
                self.open.discard(sock)
            close(sock)

    def drop_all(self):
        """Close what is connected."""
        for sock in list(self.open):
            close(sock)

    def stop(self):
        """Close everything."""
        self._stopping = True
        close(self._listener)
        self.drop_all()
