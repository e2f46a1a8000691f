"""The process itself killed, stopped, starved: rows 18, 19, 20, 27, 32."""

import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time

import measure
from agent import sidekey, wait_until
from http_liar import page
from row import Skip, row
from world import PERIOD, Tenant


@row(18, "out of file descriptors", "prlimit")
def no_descriptors(run):
    """No spin; new clients are refused, old ones served."""
    if not measure.is_root():
        raise Skip("needs root, to lower another process's limit")
    with run.world() as world:
        world.start()
        pid = world.agent.pid
        with run.faulted(world):
            mark = world.log.mark()
            usual = cpu_share(pid, 1)
            limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            spare = measure.usage(pid)["fds"] + 8
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (spare, limits[1]))
            clients = [socket.socket(socket.AF_UNIX) for _ in range(100)]
            for client in clients:
                client.connect(str(world.socket))
            run.injected = len(clients)
            share = cpu_share(pid, 2)
            if not run.is_asan:
                run.check_time(share < usual + 0.2, f"CPU {usual:.2f}, then {share:.2f}")
            said = world.log.find("cannot accept clients", mark)
            run.check(len(said) == 1, f"said {len(said)} times that it is short")
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
            for client in clients:
                client.close()


def cpu_share(pid, seconds):
    """CPU seconds used per second."""
    before = measure.cpu_seconds(pid)
    time.sleep(seconds)
    return (measure.cpu_seconds(pid) - before) / seconds


@row(19, "memory lock limit too low", "RLIMIT_MEMLOCK", asan=False)
def no_lock(run):
    """Refuses to start; says how much it needs."""
    run.not_measured("the agent does not start", "G2", "G3", "G4", "G5", "G6")
    with run.world(kmip=None, tenants=[Tenant()]) as world:
        # Where anybody may execute it: root itself has no lock limit.
        world.build = world.folder
        shutil.copy(run.build / "sidekeyd", world.folder)
        world.socket.parent.mkdir()
        world.socket.parent.chmod(0o777)
        is_root = measure.is_root()
        for limit in (0, 4096, 65536):
            mark = world.log.mark()
            limits = [(resource.RLIMIT_MEMLOCK, limit)]
            agent = world.start(
                ready=False, limits=limits, user=65534 if is_root else None
            )
            status = agent.process.wait(60)
            run.injected += 1
            said = world.log.text(mark)
            run.check(status in (1, 77, 78), f"limit {limit}: exit {status}")
            run.check(str(limit) in said, f"limit {limit} is not named: {said}")
            needs = re.search(r"(need|least|take)[^0-9]{0,40}\d+", said)
            run.check(needs, f"no word of how much it needs: {said}")
            run.goal("G1", status in (1, 77, 78), f"exit {status}")
        world.agent = None


# Failing system calls

# With the error that each gives, and how often it is made to fail at most. Only reads
# of files: the kernel does not fail those of an eventfd or of a pipe of one's own.
SWEPT = {
    "openat": ("EMFILE", 40),
    "read": ("EIO", 40),
    "mlock": ("ENOMEM", 20),
    "memfd_secret": ("ENOMEM", 5),
    "mmap": ("ENOMEM", 60),
    "socket": ("ENFILE", 10),
}
TYPED_EXITS = {0, 1, 69, 70, 77, 78}


@row(20, "every allocation, lock, open, read fails once", "sweep suites; strace -e inject",
     lane="crowd", seconds=900)
def calls_fail(run):
    """Typed error, state unchanged."""
    run.not_measured("no load while it starts", "G3", "G4", "G5", "G6")
    run_sweep_suites(run)
    if not measure.is_root():
        # strace cannot read the arguments of a process that is not dumpable.
        raise Skip("needs root, to look into the agent's system calls")
    outcomes = {}
    tenants = [Tenant(), Tenant(private=True)]
    # strace injects an error by asking for system call -1, which a sandbox forbids.
    config = {"sidekey": {"sandbox": "off"}}
    with run.world(tenants=tenants, coordinator="liar", config=config) as world:
        for call, (error, most) in SWEPT.items():
            if run.is_asan and call == "mmap":
                continue  # the sanitizer's own, mostly
            first = calls_before_main(world, call) + 1
            most = min(most, 5) if run.is_asan else most
            for nth in range(first, first + most):
                outcome = start_with_failure(run, world, call, error, nth)
                outcomes[outcome] = outcomes.get(outcome, 0) + 1
                if outcome == "not reached":
                    break
        world.agent = None
        reports = world.sanitizer_reports()
    told = ", ".join(f"{n} {outcome}" for outcome, n in sorted(outcomes.items()))
    run.goal("G1", not reports, f"{told} {reports[:300]}")
    run.goal("G2", run.injected > 0, f"no wrong key in {run.injected} starts")


def run_sweep_suites(run):
    """The suites in which each allocation of a part fails in turn."""
    suites = (run.build / "tests/unit").glob("test_sweep_*")
    suites = [suite for suite in suites if not suite.suffix]
    for suite in sorted(suites):
        done = subprocess.run([suite], capture_output=True, text=True, check=False)
        run.check(done.returncode == 0, done.stdout[-500:] + done.stderr[-500:])
        run.injected += 1
    if not suites:
        run.note("this build has no allocation sweep suites: system calls only")


def strace(world, call, *more):
    """The beginning of a command that watches one system call."""
    files = ["-P", world.config_file, "-P", world.secret_file, "-P", "/etc/ssl/openssl.cnf"]
    pair = world.client_pair
    for path in (pair.cert_file, pair.key_file, world.ca.pair.cert_file):
        files += ["-P", path]
    command = ["strace", "-f", "-qq", "-o", world.folder / "trace"]
    return [*command, "-e", f"trace={call}", *more, *(files if call == "read" else ())]


def start_traced(world, prefix):
    """The leak checker is a tracer itself, and there can be one only."""
    env = {"ASAN_OPTIONS": f"exitcode=99:log_path={world.folder}/asan:detect_leaks=0"}
    return world.start(ready=False, prefix=prefix, env=env)


def calls_before_main(world, call):
    """How often the loader makes that call: its failures are not the agent's."""
    if call == "read":
        return 0
    trace = world.folder / "trace"
    trace.write_text("")
    agent = start_traced(world, strace(world, f"{call},openat"))
    wait_until("main", lambda: "application.json" in trace.read_text(), 60)
    end_child(agent)
    lines = trace.read_text().partition("application.json")[0].splitlines()
    return sum(1 for line in lines[:-1] if f" {call}(" in line)


def end_child(agent):
    """SIGTERM to what strace started; the exit status, which strace passes on."""
    with open(f"/proc/{agent.pid}/task/{agent.pid}/children", encoding="ascii") as file:
        for child in file.read().split():
            os.kill(int(child), signal.SIGTERM)
    return agent.process.wait(60)


def start_with_failure(run, world, call, error, nth):
    """Start the agent with that call failing; what became of it."""
    inject = f"inject={call}:error={error}:when={nth}"
    mark = world.log.mark()
    agent = start_traced(world, strace(world, call, "-e", inject))
    what = f"{call} number {nth}"

    def is_settled():
        return not agent.alive or "refresh" in world.log.text(mark)

    try:
        wait_until(what, is_settled, 60, step=0.01)
        if agent.alive:
            check_keys(run, world, what)
            end_child(agent)
        status = agent.process.wait(60)
    except (TimeoutError, subprocess.TimeoutExpired) as reason:
        agent.process.kill()
        run.check(False, f"{what}: hangs: {reason}")
        return "hangs"
    if "INJECTED" not in (world.folder / "trace").read_text(errors="replace"):
        return "not reached"
    run.injected += 1
    said = world.log.text(mark)[-300:]
    if call == "mmap" and status == -signal.SIGABRT and "refresh:" not in said:
        return "abort of libuv, which cannot start its threads"
    run.check(status in TYPED_EXITS, f"{what}: exit {status}: {said}")
    return f"exit {status}"


def check_keys(run, world, what):
    """Every tenant answers with its own key or a typed error."""
    for tenant in world.tenants:
        try:
            key = world.agent.public_key(tenant)
        except sidekey.SidekeyError as error:
            key = error.code
        right = key in (tenant.keys[0].public, "UNAVAILABLE", "NOT_FOUND")
        run.check(right, f"{what}: {key}")


# Killed and stopped


@row(27, "SIGKILL in the middle of a refresh, 1,000 times", "script", lane="crowd",
     seconds=900)
def killed(run):
    """Clean start each time; a stale socket is removed, nobody else's ever."""
    count = 40 if run.is_asan else 1000
    run.not_measured("no load between two deaths", "G3", "G4", "G5")
    tenants = [Tenant() for _ in range(8)]
    with run.world(tenants=tenants, kmip=None, coordinator="liar") as world:
        asked = threading.Event()

        def notice(_):
            asked.set()
            return page(world.document())

        world.coordinator.lie = notice
        world.socket.parent.mkdir(mode=0o755)
        decoy = socket.socket(socket.AF_UNIX)
        decoy.bind(str(world.socket.parent / "other.sock"))
        decoy.listen()
        dice = random.Random(27)
        for nth in range(count):
            asked.clear()
            agent = world.start(ready=False)
            if not run.check(asked.wait(60), f"start {nth}: no refresh"):
                break
            time.sleep(dice.uniform(0, 0.004))
            agent.process.kill()
            agent.process.wait()
            run.injected += 1
            if nth % 100 == 0:
                check_start(run, world)
        run.check(is_listened(decoy.getsockname()), "another's socket was removed")
        check_foreign(run, world)
        world.start()
        run.goal("G2", True, f"right keys after each 100 of {run.injected} deaths")
        if not run.is_asan:
            run.take_canaries(world)


def check_start(run, world):
    """It starts over the stale socket and serves the right keys."""
    run.check(world.socket.exists(), "no stale socket to start over")
    agent = world.start()
    for tenant in world.tenants:
        key = agent.public_key(tenant)
        run.check(key == tenant.keys[0].public, f"after a death: {key}")
    agent.process.kill()
    agent.process.wait()


def is_listened(path):
    """Whether somebody accepts there."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
            return True
        except OSError:
            return False


def check_foreign(run, world):
    """Another program that listens at the agent's own path keeps it."""
    world.socket.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(world.socket))
        other.listen()
        status = world.start(ready=False).process.wait(60)
        run.check(status == 69, f"over another's socket: exit {status}")
        run.check(is_listened(str(world.socket)), "the other's socket is gone")
    world.socket.unlink()


@row(32, "the agent itself is stopped for 60 s", "SIGSTOP, SIGCONT", lane="beside")
def stopped(run):
    """No burst of refreshes."""
    seconds = 5 if run.is_asan else 60
    run.not_measured("the agent itself is the fault", "G3")
    with run.world(coordinator="liar") as world:
        agent = world.start()
        load = run.load(world, rate=200)
        world.wait_whole(world.log.mark())
        before = measure.usage(agent.pid)
        agent.signal(signal.SIGSTOP)
        time.sleep(seconds)
        mark, seen = world.log.mark(), len(world.coordinator.requests)
        agent.signal(signal.SIGCONT)
        run.injected = 1
        ended = time.monotonic()
        run.take_recovery(world, mark, ended)
        time.sleep(5)
        refreshes = len(world.coordinator.requests) - seen
        most = (time.monotonic() - ended) / PERIOD + 2
        run.check(refreshes <= most, f"{refreshes} refreshes, {most:.1f} at most")
        if not run.is_asan:
            run.take_usage(world, before)
            run.take_canaries(world)
        run.take_answers(load.stop(), load)
