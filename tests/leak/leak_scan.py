#!/usr/bin/python3
"""No secret is left in the memory of an agent that has done all it can do.

Starts sidekeyd with seeds from all three sources (files, a Coordinator behind
nginx, a PyKMIP server), has it refresh, answer a thousand requests of every kind
on several connections, reload, rotate and fail to refresh, and after each step
looks through every page that root can read, and at the end through a core.

Usage: leak_scan.py BUILD_FOLDER        as root
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid

from canaries import Canaries, sidekey
from load import Load
from servers import World, new_seed, until

REQUESTS = int(os.environ.get("LEAK_REQUESTS", "1000"))


class Report:
    """Counts what held."""

    def __init__(self):
        self.passed = self.failed = 0
        self._began = time.monotonic()

    def check(self, what, is_right, why=""):
        """One thing that must hold."""
        if is_right:
            self.passed += 1
            print(f"ok {time.monotonic() - self._began:4.0f} s  {what}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL  {what}\n{why}", flush=True)


class Run:
    """One agent from start to end."""

    def __init__(self, build, report, program="sidekeyd", before=()):
        self.build = build
        self.report = report
        self.folder = tempfile.mkdtemp(prefix="sidekey-leak-")
        os.chmod(self.folder, 0o755)
        self.canaries = Canaries()
        self.world = World(self.folder, self.bin, self.canaries)
        self.program = program
        self.before = before
        self.local = {str(uuid.uuid4()): self.seed("local") for _ in range(3)}
        self.public = {str(uuid.uuid4()): self.seed("public") for _ in range(12)}
        self.private = {str(uuid.uuid4()): self.seed("private", 48) for _ in range(4)}
        self.former = {}
        self.pid = 0
        self.left_out = []

    def bin(self, name):
        """The path of a program that was built."""
        return os.path.join(self.build, name)

    def seed(self, kind, length=32):
        """A new seed, noted."""
        text = new_seed(length)
        self.canaries.add_seed(f"{kind}-{len(self.canaries)}", text)
        return text

    def keys(self):
        """Each tenant's keys, the current one first."""
        seeds = {**self.public, **self.private, **self.local}
        return {
            tenant: [
                sidekey.Key.from_seed(text)
                for text in [seed] + self.former.get(tenant, [])
            ]
            for tenant, seed in seeds.items()
        }

    def start(self, more=None):
        """Servers, seeds, agent."""
        world = self.world
        world.write_list(self.public, [*self.private, *self.local])
        world.write_config(self.local, True, more)
        world.start_kmip()
        world.start_nginx()
        for tenant, seed in self.private.items():
            world.provision(tenant, seed)
        self.pid = world.start_agent(self.program, self.before)
        with sidekey.Client(world.socket, timeout=60) as client:
            until("keys", lambda: client.status()["ready"])
            until("an end", lambda: not client.status()["refreshing"])

    def end(self):
        """Stop all and remove the folder."""
        status = self.world.stop("agent")
        self.report.check("the agent ends with 0", status == 0, f"status {status}")
        self.close()

    def close(self):
        """Also after a failure."""
        self.world.stop_all()
        shutil.rmtree(self.folder, ignore_errors=True)

    def look(self, *arguments):
        """Run the scanner; what it found, and its last line."""
        path = self.world.path("canaries")
        self.canaries.write(path)
        scan = subprocess.run(
            [self.bin("tests/leak/scan"), *arguments[:2], path, *arguments[2:]],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        lines = scan.stdout.splitlines()
        if scan.returncode not in (0, 1) or not lines:
            sys.exit("the scanner failed: " + scan.stderr)
        return lines[:-1], lines[-1]

    def scan(self, stage):
        """Nothing must be found in the process."""
        found, summary = self.look("pid", str(self.pid), *self.left_out)
        self.report.check(f"{stage} ({summary})", not found, "\n".join(found[:40]))

    def count_reloads(self):
        """Configurations that were taken over since the start."""
        return self.world.log_of("agent").count("the new one is in use")

    def refresh(self, client, fails=False):
        """Have all sources asked again; no refresh is under way afterwards."""
        try:
            client.refresh(timeout=60)
            assert not fails, "the refresh should have failed"
        except sidekey.Unavailable:
            assert fails, "the refresh failed: " + self.world.log_of("agent")[-2000:]
        until("an end", lambda: not client.status()["refreshing"])


def load_stages(run):
    """Requests, with the clients there and gone."""
    load = Load(run.world.socket, run.canaries, run.keys(), 7)
    load.run(REQUESTS)
    load.run_admin(REQUESTS)
    run.scan(f"after {REQUESTS} requests of every kind, clients connected")
    load.hang_up_halfway(run.world.socket)
    load.close()
    with sidekey.Client(run.world.socket, timeout=60) as client:
        until("no connection", lambda: client.status()["connections"] == 1)
    run.scan("after the clients have gone")


def change_stages(run):
    """New configuration, new seeds, no answers."""
    world = run.world
    with sidekey.Client(world.socket, timeout=60) as client:
        client.watch()
        os.kill(run.pid, signal.SIGHUP)
        until("the reload", lambda: run.count_reloads() >= 1)
        run.refresh(client)
        run.scan("after SIGHUP")
        former = dict(run.local)
        run.local = {tenant: run.seed("local") for tenant in run.local}
        run.former.update({tenant: [seed] for tenant, seed in former.items()})
        world.write_config(run.local, False)
        # The agent watches its files; between the two it may take one over.
        until("another reload", lambda: run.count_reloads() >= 2)
        tenant = min(run.local)
        wanted = sidekey.Key.from_seed(run.local[tenant]).key_id
        until("its seeds", lambda: client.pubkey(tenant).key_id == wanted)
        run.refresh(client)
        run.scan("after a reload with other seeds and TLS keys in files")
        run.former.update({tenant: [seed] for tenant, seed in run.public.items()})
        run.public = {tenant: run.seed("public") for tenant in run.public}
        world.write_list(run.public, [*run.private, *run.local])
        run.refresh(client)
        tenant = min(run.public)
        wanted = sidekey.Key.from_seed(run.public[tenant]).key_id
        assert client.pubkey(tenant).key_id == wanted, "not rotated"
        load = Load(world.socket, run.canaries, run.keys(), 3)
        load.run(20)
        run.scan("after a rotation, with envelopes of former keys opened")
        load.close()
        world.stop("kmip", signal.SIGKILL)
        run.refresh(client)
        assert "failed to get key for tenant" in world.log_of("agent"), "no failure"
        run.scan("after a refresh that failed at the key server")
        world.stop("nginx")
        run.refresh(client, fails=True)
        client.forget(min(run.public))
        run.scan("after a refresh that failed at the Coordinator")


def core_stage(run):
    """What gcore, run by root, takes of a process that is not dumpable."""
    prefix = run.world.path("core")
    subprocess.run(
        ["gcore", "-o", prefix, str(run.pid)], capture_output=True, check=True
    )
    found, summary = run.look("file", f"{prefix}.{run.pid}")
    run.report.check(f"in a core made by gcore ({summary})", not found, "\n".join(found))


def whole_run(build, report):
    """The proof."""
    run = Run(build, report)
    try:
        run.start()
        run.scan("after the first refresh")
        load_stages(run)
        change_stages(run)
        core_stage(run)
        run.end()
    finally:
        run.close()


def arenas_of(pid):
    """Locked mappings that are read-only: arenas that have been sealed.

    Everything else that is locked is of a job or of a connection, and is looked
    through.
    """
    found = []
    with open(f"/proc/{pid}/smaps", encoding="ascii") as smaps:
        for line in smaps:
            words = line.split()
            if not words[0].endswith(":"):
                mapping = words
            elif words[0] == "VmFlags:" and {"lo", "dd"} <= set(words):
                if mapping[1] == "r--p" and len(mapping) == 5:
                    found.append(mapping[0])
    return found


def mlock_run(build, report):
    """Where the kernel has no memfd_secret: all but the arenas is as clean."""
    before = [os.path.join(build, "tests/faults/without_call"), "memfd_secret"]
    run = Run(build, report, before=before)
    try:
        run.start({"require_memory": "mlock"})
        with sidekey.Client(run.world.socket) as client:
            tier = client.status()["memory_tier"]
        report.check("without memfd_secret the tier is mlock", tier == "mlock", tier)
        found, _ = run.look("pid", str(run.pid))
        held = any(":private-key" in line for line in found)
        report.check("then root finds keys in the arenas", held, "nothing was found")
        run.left_out = arenas_of(run.pid)
        run.scan(f"and nowhere but in {len(run.left_out)} arenas")
        load = Load(run.world.socket, run.canaries, run.keys(), 3)
        load.run(50)
        run.scan("also not after requests")
        load.close()
    finally:
        run.close()


def planted_run(build, report):
    """A build that keeps a private key must be found out."""
    run = Run(build, report, program="tests/leak/sidekeyd-leaks")
    try:
        run.start()
        found, _ = run.look("pid", str(run.pid))
        names = [line for line in found if line.startswith("FOUND ")]
        is_found = bool(names) and all(":private-key" in line for line in names)
        report.check("a planted leak is found", is_found, "\n".join(found))
    finally:
        run.close()


def main():
    """All runs; the exit status says whether everything held."""
    began = time.monotonic()
    report = Report()
    build = os.path.abspath(sys.argv[1])
    for run in (planted_run, whole_run, mlock_run):
        run(build, report)
    print(f"took {time.monotonic() - began:.0f} s")
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
