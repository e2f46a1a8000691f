"""The agent as a process, its log, and its clients."""

import contextlib
import os
import re
import resource
import signal
import subprocess
import sys
import time

from calm import claim_process
from servers import ROOT

sys.path.insert(0, str(ROOT / "tests/interop"))
import sidekey_client as sidekey  # noqa: E402


def wait_until(what, condition, seconds, step=0.02):
    """Poll; TimeoutError names what was waited for."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(step)
    return result


class Log:
    """The agent's log. A mark is a position in it."""

    def __init__(self, path):
        self.path = path
        path.touch()

    def mark(self):
        """The end as of now."""
        return self.path.stat().st_size

    def text(self, since=0):
        """What stands behind a mark."""
        with open(self.path, "rb") as file:
            file.seek(since)
            return file.read().decode(errors="replace")

    def find(self, pattern, since=0):
        """All matches behind a mark."""
        return re.findall(pattern, self.text(since))

    def wait(self, pattern, since=0, seconds=60.0):
        """Until the pattern is there."""
        return wait_until(
            f"log: {pattern}", lambda: self.find(pattern, since), seconds
        )


class Agent:
    """A sidekeyd process; `twin` is one with the configuration of that name."""

    def __init__(
        self,
        world,
        prefix=(),
        program=None,
        options=(),
        env=None,
        limits=(),
        user=None,
        twin=None,
    ):
        self.world = world
        self.log = Log(world.folder / "twin.log") if twin else world.log
        self.socket = twin or world.socket
        asan = f"exitcode=99:log_path={world.folder}/asan:detect_leaks=1"
        environment = dict(os.environ, ASAN_OPTIONS=asan)
        environment["UBSAN_OPTIONS"] = f"log_path={world.folder}/ubsan"
        environment |= env or {}

        def prepare():
            for kind, limit in limits:
                resource.setrlimit(kind, (limit, limit))
            claim_process()

        argv = [program or world.build / "sidekeyd", *options]
        config = world.folder / "twin.json" if twin else world.config_file
        argv += ["--config", config, "--secret", world.secret_file]
        with open(self.log.path, "ab") as output:
            self.process = subprocess.Popen(
                [*prefix, *argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                preexec_fn=prepare,
                user=user,
                group=user,
                extra_groups=[] if user else None,
            )
        self.pid = self.process.pid

    @property
    def alive(self):
        """Whether it still runs."""
        return self.process.poll() is None

    def client(self, timeout=60.0):
        """A connection."""
        return sidekey.Client(str(self.socket), timeout)

    def try_client(self):
        """A connection, or None while there is none."""
        try:
            return self.client()
        except sidekey.SidekeyError:
            if not self.alive:
                raise
            return None

    def try_connect(self):
        """Connect and say hello, whatever becomes of it."""
        with contextlib.suppress(sidekey.SidekeyError):
            self.client(20).close()

    def wait_ready(self, seconds=60.0):
        """Until a snapshot is served."""
        with wait_until("the socket", self.try_client, seconds) as client:
            wait_until("a snapshot", lambda: client.status()["ready"], seconds)

    def published(self, beyond=None):
        """How many snapshots there were; 0 while it cannot be asked.

        With `beyond`: whether there is another since, and no source fails.
        """
        try:
            with self.client(20) as client:
                status = client.status()
        except sidekey.SidekeyError:
            return 0
        if beyond is None:
            return status["snapshot"]
        is_well = all(source["failures"] == 0 for source in status["sources"])
        return status["snapshot"] > beyond and is_well and status["unrefreshed"] is None

    def refresh(self, timeout=60.0):
        """Ask for a refresh and wait for its end; its error as text, or None."""
        with self.client(timeout) as client:
            try:
                client.refresh()
                return None
            except sidekey.SidekeyError as error:
                return str(error)

    def public_key(self, tenant):
        """The current public key, or the error's code."""
        with self.client() as client:
            try:
                return client.pubkey(tenant.id).public
            except sidekey.SidekeyError as error:
                return error.code

    def signal(self, number):
        """To the process."""
        self.process.send_signal(number)

    def stop(self, seconds=60.0):
        """SIGTERM; the exit status and the seconds it took."""
        began = time.monotonic()
        if self.alive:
            self.signal(signal.SIGTERM)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(), time.monotonic() - began
        return status, time.monotonic() - began
