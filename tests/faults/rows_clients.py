"""Clients that crawl, choke, babble, or come in masses: rows 22 to 26, 30, 31."""

import ctypes
import os
import pathlib
import random
import resource
import signal
import socket
import subprocess
import time

import measure
import msgpack
from agent import sidekey, wait_until
from row import Skip, row
from servers import ROOT
from world import Tenant, canaries

IDLE_LIMIT = 60.0  # seconds after which half a message is given up


def connect(world, receive_buffer=None):
    """A bare connection to the agent."""
    sock = socket.socket(socket.AF_UNIX)
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(60)
    sock.connect(str(world.socket))
    return sock


def request(method, msgid=1, **params):
    """The bytes of a request."""
    return msgpack.packb([0, msgid, method, [params]])


@row(22, "slow client, one byte in ten seconds", "script", lane="beside")
def client_slow(run):
    """The idle limit ends it; others are unaffected."""
    with run.world() as world:
        world.start()
        with run.faulted(world, rate=200):
            clients = [connect(world) for _ in range(8)]
            began = time.monotonic()
            data = request("pubkey", tenant=world.tenants[0].id)
            for at in range(4):
                for client in clients:
                    client.send(data[at : at + 1])
                run.injected += len(clients)
                if at < 3:
                    time.sleep(10)
            for client in clients:
                client.settimeout(max(IDLE_LIMIT - (time.monotonic() - began), 0.1))
                try:
                    run.check(client.recv(1) == b"", "it answered")
                except TimeoutError:
                    run.check(False, f"still open after {IDLE_LIMIT:.0f} s")
                client.close()


@row(23, "client never reads", "full socket buffer")
def client_deaf(run):
    """Bounded memory for that client."""
    clients = 4
    with run.world() as world:
        world.start()
        with run.faulted(world):
            before = measure.usage(world.agent.pid)
            deaf = [connect(world, 4096) for _ in range(clients)]
            asked = request("tenants") * 100
            end = time.monotonic() + 3
            for client in deaf:
                client.setblocking(False)
            while time.monotonic() < end:
                for client in deaf:
                    try:
                        run.injected += client.send(asked) // len(asked)
                    except BlockingIOError:
                        time.sleep(0.001)
            now = measure.usage(world.agent.pid)
            grown = now["VmRSS"] - before["VmRSS"]
            # Answers that wait (1 MiB), what was read of its requests (260 KiB), and
            # what else a connection takes.
            if not run.is_asan:
                run.check(grown < clients * 1400, f"{grown} KiB for {clients} clients")
                run.note(f"{grown // clients} KiB for each of {clients} deaf clients")
            for client in deaf:
                client.close()


def bad_messages():
    """The fuzz corpora of everything that reads from clients, and damaged requests."""
    for folder in ("frame", "connection", "payload", "header"):
        for path in sorted((ROOT / "tests/fuzz/corpus" / folder).iterdir()):
            yield path.read_bytes()
    dice = random.Random(24)
    good = request("decrypt", tenant="alpha", ciphertext=bytes(200), aad=b"aad")
    for _ in range(500):
        data = bytearray(good)
        for _ in range(dice.randint(1, 8)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        yield bytes(data)


def last_words(client):
    """All that is answered until the connection ends."""
    data = b""
    while piece := client.recv(65536):
        data += piece
    return data


def is_typed(answer):
    """An answer, or an error that starts with a code of the protocol."""
    match answer:
        case [1, _, None, _]:
            return True
        case [1, _, str(error), None]:
            return error.split(":")[0] in sidekey.ERRORS
        case [2, "changed", list()]:
            return True
    return False


@row(24, "malformed msgpack", "fuzz corpora over a real socket")
def client_babbles(run):
    """A typed error or a close."""
    with run.world() as world:
        world.start()
        with run.faulted(world):
            for data in bad_messages():
                run.injected += 1
                with connect(world) as client:
                    try:
                        client.sendall(data)
                        client.shutdown(socket.SHUT_WR)
                        said = last_words(client)
                    except (BrokenPipeError, ConnectionResetError):
                        continue
                    except TimeoutError:
                        run.check(False, f"neither answer nor close: {data[:80]!r}")
                        continue
                unpacker = msgpack.Unpacker(raw=False, strict_map_key=False)
                unpacker.feed(said)
                bad = [answer for answer in unpacker if not is_typed(answer)]
                run.check(not bad, f"{data[:80]!r}: {bad[:1]}")
            run.hold(1)


@row(25, "half a message, then close", "script, at random lengths")
def client_leaves(run):
    """The buffer is wiped and freed: no byte of the half plaintext is left."""
    with run.world() as world:
        world.start()
        secret = os.urandom(32)
        world.canaries.append(secret)
        plaintext = 1900 * secret
        data = request("encrypt", tenant=world.tenants[0].id, plaintext=plaintext)
        dice = random.Random(25)
        with run.faulted(world):
            end = time.monotonic() + 3
            while time.monotonic() < end:
                with connect(world) as client:
                    client.sendall(data[: dice.randrange(1, len(data))])
                run.injected += 1
                time.sleep(0.002)


def greet(run, world, count):
    """That many new connections, each answered once."""
    clients = [connect(world) for _ in range(count)]
    for client in clients:
        client.send(request("hello"))
    for client in clients:
        run.check(client.recv(4096), "no answer to hello")
    return clients


@row(26, "10,000 connections", "script")
def client_masses(run):
    """Accepted in under a second each 1,000; 50 busy ones keep G3."""
    count = 10000
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < count + 200:
        raise Skip(f"needs {count + 200} descriptors, the hard limit is {most}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    config = {"sidekey": {"max_connections": 12000, "max_connections_per_uid": 12000}}
    with run.world(config=config) as world:
        world.start()
        clients = []
        with run.faulted(world, connections=50):
            slowest = 0.0
            for _ in range(0, count, 1000):
                began = time.monotonic()
                for _ in range(20):
                    clients += greet(run, world, 50)
                    time.sleep(0.01)
                slowest = max(slowest, time.monotonic() - began)
            run.injected = len(clients)
            run.hold(2)
            for client in clients:
                client.close()
        if not run.is_asan:
            run.check_time(slowest < 1, f"1,000 took {slowest:.2f} s")
            run.note(f"the slowest 1,000 were answered in {slowest:.2f} s")


# PIDs


class _CloneArgs(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_uint64)
        for name in (
            "flags pidfd child_tid parent_tid exit_signal stack stack_size tls "
            "set_tid set_tid_size cgroup"
        ).split()
    ]


def fork_as(pid):
    """fork, with the child's PID chosen: clone3 with set_tid."""
    wanted = ctypes.c_int(pid)
    args = _CloneArgs(exit_signal=signal.SIGCHLD, set_tid_size=1)
    args.set_tid = ctypes.addressof(wanted)
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(435, ctypes.byref(args), ctypes.sizeof(args))
    if result < 0:
        raise OSError(ctypes.get_errno(), "clone3 with set_tid")
    return result


def connect_as(world, sock, pid, uid):
    """Connect a socket from a process with that PID and uid, which then ends."""
    if fork_as(pid) == 0:
        try:
            os.setgroups([])
            os.setresuid(uid, uid, uid)
            sock.connect(str(world.socket))
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    if status != 0:
        raise OSError("the child could not connect")


def ask(sock, tenant):
    """The error's code of a pubkey request, or "OK"."""
    sock.sendall(request("pubkey", tenant=tenant.id))
    error = msgpack.unpackb(sock.recv(65536), raw=False)[2]
    return error.split(":")[0] if error else "OK"


@row(30, "peer's PID reused", "clone3 with set_tid", root=True)
def client_pid(run):
    """uid decides; nothing is granted by PID."""
    access = [
        {"uid": 0, "tenants": ["*"], "allow": ["admin", "pubkey", "unwrap", "decrypt"]},
        {"uid": 1001, "tenants": ["*"], "allow": ["pubkey"]},
    ]
    config = {"sidekey": {"access": access}}
    # No scripted server: a thread of it could hold a lock that the child then waits for.
    tenants = [Tenant() for _ in range(16)]
    with run.world(kmip=None, tenants=tenants, config=config) as world:
        world.start()
        tenant = world.tenants[0]
        pid = int(pathlib.Path("/proc/sys/kernel/pid_max").read_text()) - 7
        with run.faulted(world):
            for _ in range(200):
                friend, stranger = (socket.socket(socket.AF_UNIX) for _ in range(2))
                with friend, stranger:
                    connect_as(world, friend, pid, 1001)
                    run.check(ask(friend, tenant) == "OK", "the friend was refused")
                    connect_as(world, stranger, pid, 1002)
                    said = ask(stranger, tenant)
                    run.check(said == "PERMISSION_DENIED", f"the stranger got {said}")
                    run.check(ask(friend, tenant) == "OK", "the friend lost its right")
                run.injected += 1
            run.hold(1)


# The end


@row(31, "SIGTERM under load", "signal")
def agent_ends(run):
    """Answers what is in flight, wipes, exits within 5 s."""
    with run.world() as world:
        world.start()
        tenant = world.tenants[0]
        load = run.load(world)
        run.hold(1)
        if not run.is_asan:
            scan_core(run, world)
            run.take_canaries(world)
        clients = [world.agent.client() for _ in range(16)]
        # So that the requests and the signal are there at the same moment.
        world.agent.signal(signal.SIGSTOP)
        for client in clients:
            for _ in range(50):
                client.submit("pubkey", {"tenant": tenant.id})
        world.agent.signal(signal.SIGTERM)
        world.agent.signal(signal.SIGCONT)
        status, seconds = world.agent.stop()
        run.injected = 1
        for client in clients:
            for _ in range(50):
                key = client.result()["public_key"]
                run.check(key == tenant.keys[0].public, "wrong in the end")
            client.close()
        run.goal("G1", status == 0, f"exit {status} in {seconds:.1f} s")
        run.check_time(seconds <= 5, f"it took {seconds:.1f} s")
        run.check(not world.socket.exists(), "the socket is still there")
        run.take_answers(load.stop(), load)
        run.not_measured("the agent ends", "G3", "G4", "G5")
        run.check(not world.sanitizer_reports(), world.sanitizer_reports()[:600])
        world.agent = None


def scan_core(run, world):
    """A core that root takes of the running agent has no canary in it either."""
    if os.geteuid() != 0:
        return
    pid = str(world.agent.pid)
    subprocess.run(
        ["gcore", "-o", world.folder / "core", pid], capture_output=True, check=False
    )
    wait_until("a core", lambda: list(world.folder.glob("core.*")), 60)
    size = (world.folder / f"core.{pid}").stat().st_size
    run.check(size > 2**20, "the core is empty")
    needles = canaries(world.tenants)
    run.note(f"{len(needles)} canaries looked for in a core of {size >> 20} MiB")
