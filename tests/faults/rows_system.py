"""The system around the agent: the clock and DNS: rows 16, 17."""

import os
import socket
import struct
import subprocess
import threading
import time

from row import Skip, row
from world import PERIOD

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


@row(16, "wall clock jumps a day", "libfaketime, both ways", asan=False, lane="beside")
def clock_jumps(run):
    """Timers do not care."""
    if not os.path.exists(FAKETIME):
        raise Skip("needs the package faketime")
    # libfaketime reads a file of its own again and again, which a sandbox forbids.
    config = {"sidekey": {"max_stale": "10s", "sandbox": "off"}}
    with run.world(coordinator="liar", config=config) as world:
        (world.folder / "clock").mkdir()  # the agent watches the folder above
        offset = world.folder / "clock" / "offset"
        offset.write_text("+0")
        env = {
            "LD_PRELOAD": FAKETIME,
            "FAKETIME_TIMESTAMP_FILE": str(offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",  # or the configuration seems to change, too
        }
        world.start(env=env)
        with run.faulted(world):
            for jump in ("+1d", "-1d", "+0"):
                offset.write_text(jump)
                mark = world.log.mark()
                seen, began = len(world.coordinator.requests), time.monotonic()
                time.sleep(3)
                refreshes = len(world.coordinator.requests) - seen
                most = (time.monotonic() - began) / PERIOD + 1
                run.check(refreshes <= most, f"{jump}: {refreshes} refreshes in 3 s")
                run.check_time(refreshes >= 2, f"{jump}: {refreshes} refreshes in 3 s")
                run.injected += 1
                days = set(world.log.find(r"time=(\S{10})", mark))
                run.check(days == {day_with(jump)}, f"{jump}: the log says {days}")


def day_with(jump):
    """The date after a jump."""
    days = {"+1d": 1, "-1d": -1}.get(jump, 0)
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86400 * days))


class Resolver:
    """A DNS server that says 127.0.0.1 to everything, until it is dead."""

    def __init__(self):
        self.is_dead = False
        self.asked = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            query, client = self._socket.recvfrom(4096)
            self.asked += 1
            if not self.is_dead:
                self._socket.sendto(self.answer(query), client)

    @staticmethod
    def answer(query):
        """An A record, and nothing for AAAA."""
        end = query.index(b"\0", 12) + 5
        is_a = query[end - 4 : end - 2] == b"\0\1"
        head = query[:2] + b"\x81\x80" + struct.pack(">HHHH", 1, is_a, 0, 0)
        record = b"\xc0\x0c\0\1\0\1" + struct.pack(">IH", 0, 4) + bytes([127, 0, 0, 1])
        return head + query[12:end] + (record if is_a else b"")


@row(17, "DNS dead", "black-hole resolver in a namespace", root=True, lane="beside")
def dns_dead(run):
    """No loop blocks."""
    with run.world(coordinator="liar") as world:
        resolver = Resolver()
        resolv = world.folder / "resolv.conf"
        resolv.write_text("nameserver 127.0.0.1\n")
        resolv.chmod(0o644)
        subprocess.run(["mount", "--bind", resolv, "/etc/resolv.conf"], check=True)
        tls = {"server_name": "127.0.0.1"}
        address = f"kms.faults.test:{world.kmip.port}"
        kms = {"kmip": {"address": address}, "tls": tls}
        url = f"http://list.faults.test:{world.coordinator.port}/tenants.json"
        more = {"crypto": {"kms_config": kms}, "coordinator": {"url": url}}
        world.configure(more)
        world.start()
        run.check(resolver.asked > 0, "nobody asked the resolver")
        with run.faulted(world, limit=7.5):
            resolver.is_dead = True
            seen = resolver.asked
            slowest = 0.0
            end = time.monotonic() + 5
            while time.monotonic() < end:
                world.kmip.drop_all()
                began = time.monotonic()
                with world.agent.client() as client:
                    client.status()
                slowest = max(slowest, time.monotonic() - began)
                time.sleep(0.05)
            run.injected = resolver.asked - seen
            run.check(run.injected > 0, "no question met the fault")
            run.check_time(slowest < 0.5, f"status took {slowest:.2f} s")
            resolver.is_dead = False
        resolver.is_dead = True
        time.sleep(1.5)
        # With DNS dead it ends without the answer of a source, and still in time.
        run.take_end(world)
        run.check_time(run.ended_in <= 5, f"SIGTERM took {run.ended_in:.1f} s")
        world.agent = None
