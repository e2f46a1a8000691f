"""Features that a build may lack: the audit log, the sandbox, the kept arena:
rows 21, 33, 36."""

import json
import os
import re
import signal
import subprocess
import time

from agent import sidekey, wait_until
from row import Skip, row


def knows_key(run, world, key, value):
    """Whether this build takes that key of the section sidekey."""
    path = world.folder / "probe.json"
    probe = {"crypto": {"mode": "local-multi-keys", "update_period": "1h"}}
    probe["sidekey"] = {key: value}
    path.write_text(json.dumps(probe))
    argv = [run.build / "sidekeyd", "--check-config", "--config", path]
    argv += ["--secret", world.secret_file]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return f"sidekey.{key}" not in done.stderr


@row(21, "audit disk full", "64 KiB tmpfs in a mount namespace", root=True)
def audit_full(run):
    """The configured choice, fail open or closed, and counted."""
    for choice in ("drop", "fail"):
        with run.world() as world:
            if not knows_key(run, world, "audit_on_full", choice):
                raise Skip("this build has no sidekey.audit_on_full")
            disk = world.folder / "audit"
            disk.mkdir()
            mount = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", disk]
            subprocess.run(mount, check=True)
            world.on_end(lambda disk=disk: subprocess.run(["umount", disk], check=False))
            own = {"audit": str(disk / "audit.log"), "audit_on_full": choice}
            world.configure({"sidekey": own})
            world.start()
            fill = disk / "fill"
            if choice == "fail":
                check_closed(run, world, fill)
            else:
                with run.faulted(world):
                    fill_disk(fill)
                    run.hold(2)
                    run.injected += 1
                    check_counted(run, world)
                    fill.unlink()
                    (disk / "audit.log").write_bytes(b"")


def fill_disk(path):
    """Take all the space there is."""
    with open(path, "wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass


def check_counted(run, world):
    """That records were lost is in the log."""
    run.check(world.log.wait("audit: .* cannot be written"), "no word of it")


def check_closed(run, world, fill):
    """A private key is not used without a record, and is again with one."""
    tenant = world.tenants[0]
    data_key = os.urandom(32)
    header = sidekey.seal_header(tenant.id, tenant.keys[0], data_key)

    def unwrap(client):
        try:
            return client.unwrap(tenant.id, header)["data_key"]
        except sidekey.SidekeyError as error:
            return error.code

    fill_disk(fill)
    with world.agent.client() as client:
        end = time.monotonic() + 60
        while (answer := unwrap(client)) == data_key and time.monotonic() < end:
            run.injected += 1
        run.check(answer in sidekey.ERRORS, f"with the disk full: {answer!r}")
        key = world.agent.public_key(tenant)
        run.check(key == tenant.keys[0].public, f"a public key needs no record: {key}")
        check_counted(run, world)
        fill.unlink()
        (fill.parent / "audit.log").write_bytes(b"")
        wait_until("answers again", lambda: unwrap(client) == data_key, 60)


@row(33, "a system call outside the allowlist", "drop one entry", asan=False)
def call_forbidden(run):
    """Dies with its number in the log, not silently."""
    program = run.build / "tests/faults/sidekeyd-drop"
    if not program.exists():
        raise Skip("this build has no sandbox: no tests/faults/sidekeyd-drop")
    run.not_measured("the agent dies, as it must", "G2", "G3", "G4", "G5", "G6")
    with run.world(config={"sidekey": {"sandbox": "require"}}) as world:
        agent = world.start(ready=False, program=program)
        # It dies of the first client.
        wait_until("a socket", lambda: world.socket.exists() or not agent.alive, 60)
        agent.try_connect()
        status = agent.process.wait(60)
        run.injected = 1
        run.goal("G1", status == -signal.SIGSYS, f"died as it must: {status}")
        said = world.log.find(r"system call \d+ \(accept4\) is not allowed")
        run.check(said, f"no number in the log: {world.log.text()[-300:]}")
        world.agent = None


def children_of(pid):
    """The PIDs of a process's children."""
    path = f"/proc/{pid}/task/{pid}/children"
    with open(path, encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


@row(36, "restart while KMS and Coordinator are down", "sidekeyd --supervise")
def restarted(run):
    """Every tenant is still served."""
    usage = subprocess.run(
        [run.build / "sidekeyd", "--help"], capture_output=True, text=True, check=False
    )
    if not re.search(r"--supervise", usage.stdout + usage.stderr):
        raise Skip("this build has no sidekeyd --supervise")
    run.not_measured("the agent itself is the fault", "G3", "G5")
    with run.world(coordinator="liar") as world:
        agent = world.start(options=["--supervise"])
        load = run.load(world)
        run.hold(1)
        load.window()
        ports = world.coordinator.port, world.kmip.port
        world.coordinator.stop()
        world.kmip.stop()
        for _ in range(3):
            former = children_of(agent.pid)
            os.kill(former[0], signal.SIGKILL)
            run.injected += 1

            def is_back(former=set(former)):
                return set(children_of(agent.pid)) - former

            wait_until("a new child", is_back, 60)
            for tenant in world.tenants:
                wait_until("every tenant", lambda t=tenant: served(world, t), 60)
        run.take_answers(load.window(), load)
        mark, ended = world.log.mark(), time.monotonic()
        world.restart_servers(*ports)
        run.take_recovery(world, mark, ended)
        if not run.is_asan:
            run.take_canaries(world, children_of(agent.pid)[0])


def served(world, tenant):
    """Whether its own key is answered; another's would be wrong at once."""
    try:
        key = world.agent.public_key(tenant)
    except sidekey.SidekeyError:
        return False
    if isinstance(key, bytes) and key != tenant.keys[0].public:
        raise ValueError("a wrong key after the restart")
    return isinstance(key, bytes)
