"""A row of the table: what it injects, and G1 to G6 as measured."""

import contextlib
import dataclasses
import os
import re
import time
import traceback

import measure
from agent import sidekey, wait_until
from load import Load
from world import PERIOD, TIMEOUT, WHOLE, World, canaries

ROWS = {}
GOALS = ("G1", "G2", "G3", "G4", "G5", "G6")
BASELINE_SECONDS = 1.5
P99_FLOOR_US = 250.0  # below this a p99 is the machine's own noise
CANARY_TRIES = 3
# What was waited for in vain may be late only.
LATE = (TimeoutError, sidekey.DeadlineExceeded)


@dataclasses.dataclass(frozen=True)
class Row:
    """What is known of a row before it runs."""

    number: int
    fault: str
    how: str
    function: object
    root: bool = False  # needs a network and mount namespace of its own
    # alone: it is timed; beside: it waits, beside those alone; crowd: it is neither
    # timed nor waits, and runs with others of its kind.
    lane: str = "alone"
    asan: bool = True  # has a second pass on the sanitizer build
    seconds: int = 300  # after which it hangs: it is ended and fails


def row(number, fault, how, **options):
    """Register a function as a row."""

    def register(function):
        ROWS[number] = Row(number, fault, how, function, **options)
        return function

    return register


class Skip(Exception):
    """The row cannot run here; the text says why."""


class Run:
    """One pass of one row on one build."""

    def __init__(self, number, release, build, is_asan):
        self.number = number
        self.release = release
        self.build = build
        self.is_asan = is_asan
        self.injected = 0
        self.goals = {}  # "G1": (verdict, text); verdict None: not measured
        self.complaints = []
        self.late = []  # complaints of times, which a busy machine may have spoilt
        self.notes = []
        self.ended_in = 0.0  # seconds from SIGTERM to the end

    # What a row calls

    def check(self, is_true, text):
        """A claim of the row."""
        if not is_true:
            self.complaints.append(text)
        return is_true

    def check_time(self, is_true, text):
        """A claim about times: where it does not hold the row is run again."""
        if not is_true:
            self.late.append(text)
        return is_true

    def note(self, text):
        """Something the reader of the table should know."""
        self.notes.append(text)

    def not_measured(self, why, *goals):
        """For goals that cannot apply."""
        for goal in goals or GOALS:
            self.goals.setdefault(goal, (None, why))

    def goal(self, name, is_met, text):
        """A measurement; of several the worst counts."""
        old = self.goals.get(name)
        if old is None or old[0] is None or (old[0] and not is_met):
            self.goals[name] = (bool(is_met), text)

    def hold(self, seconds):
        """Let the fault last."""
        time.sleep(0.2 if self.is_asan else seconds)

    def load(self, world, rate=2000, connections=8, **options):
        """A load generator, gentler where the row does not have the CPUs alone."""
        most = 200 if self.is_asan else 500 if ROWS[self.number].lane != "alone" else rate
        rate = min(rate, most)
        return Load(world, self.release, connections, rate, **options)

    @contextlib.contextmanager
    def world(self, **options):
        """A world whose agent is stopped in the end, and G1 taken."""
        with World(self.build, **options) as world:
            try:
                yield world
            except LATE:
                self._look_closer(world)
                raise
            self.take_end(world)

    def _look_closer(self, world):
        """What was waited for in vain may be late; a death and a wrong key are not."""
        if world.agent is not None:
            self.check(world.agent.alive, "it died")
        reports = world.sanitizer_reports()
        self.check(not reports, "sanitizer: " + " ".join(reports.split())[:600])
        for path in world.folder.glob("*.err"):
            wrong = path.read_text(errors="replace")
            self.check(not wrong, wrong[:500])

    def take_end(self, world):
        """G1: stop the agent and look at how it ended."""
        if world.agent is None:
            return
        was_alive = world.agent.alive
        status, seconds = world.agent.stop()
        self.ended_in = seconds
        reports = world.sanitizer_reports()
        if reports:
            self.complaints.append("sanitizer: " + " ".join(reports.split())[:600])
        text = f"exit {status} in {seconds:.1f} s" if was_alive else f"died: {status}"
        self.goal("G1", was_alive and status == 0 and not reports, text)

    @contextlib.contextmanager
    def faulted(self, world, load=None, limit=None, **options):
        """The body injects a fault into a ready world and takes it away again.

        Measures G2 and G3 over the body, G4 from its end, then G5 and G6.
        `limit` is what G4 is compared with; without it, the period with its
        jitter and the deadline of one attempt that was on its way. `options` are
        the load's.
        """
        load = load or self.load(world, **options)
        twin = None
        if not self.is_asan:
            twin = self.load(world, socket=world.start_twin().socket, **options)
        warm_up(world)
        load.window()
        time.sleep(0.3 if self.is_asan else BASELINE_SECONDS)
        baseline = load.window()
        before = measure.usage(world.agent.pid)
        if twin:
            twin.window()
        yield load
        mark, ended = world.log.mark(), time.monotonic()
        window = load.window()
        self.take_answers(window, load)
        if twin:
            self._take_share(baseline["groups"], window["groups"], twin.stop()["groups"])
        self.take_recovery(world, mark, ended, limit)
        if not self.is_asan:
            self.take_usage(world, before)
            self.take_canaries(world)
        last = load.stop()
        wrong = sum(group["wrong"] for group in last["groups"]) + last["strange"]
        self.goal("G2", wrong == 0, f"{wrong} wrong after it")

    # Measurements

    def take_answers(self, window, load):
        """G2, of one window of the load."""
        groups = window["groups"]
        wrong = sum(group["wrong"] for group in groups) + window["strange"]
        right = sum(group["right"] for group in groups)
        if wrong:
            self.complaints.append(load.errors.read_text(errors="replace")[:500])
        self.goal("G2", wrong == 0 and right > 0, f"{wrong} wrong of {right}")

    def _take_share(self, before, during, twin):
        """G3, of the group that the fault does not touch.

        p99 is compared with that before the fault. Where the machine was busier
        during the fault, as the twin shows, it is compared with the twin's.
        """
        share, ratio, text = share_and_ratio(before[0], during[0])
        if ratio > 2 and twin[0]["p99_us"] > before[0]["p99_us"]:
            share, ratio, text = share_and_ratio(twin[0], during[0])
            text += " of a twin's"
        self.goal("G3", share >= 0.999 and ratio <= 2, text)

    def take_recovery(self, world, mark, ended, limit=None):
        """G4: seconds from the fault's end to the next refresh that is whole."""
        limit = limit or 1.1 * PERIOD + TIMEOUT + 0.5
        published = world.agent.published()
        try:
            # The log tells of what repeats itself once in a while only.
            wait_until(
                "recovery",
                lambda: WHOLE.search(world.log.text(mark))
                or world.agent.published(beyond=published),
                60,
            )
        except TimeoutError:
            self.check(False, "it does not recover")
            self.goal("G4", False, "not within a minute")
            return
        seconds = time.monotonic() - ended
        self.goal("G4", seconds <= limit, f"{seconds:.1f} s of {limit:.1f}")

    def take_usage(self, world, before):
        """G5."""
        after, has_returned = measure.wait_returned(world.agent.pid, before)
        changes = [
            f"{name} {100 * (after[key] - before[key]) / max(before[key], 1):+.1f}%"
            for name, key in (("fd", "fds"), ("rss", "VmRSS"), ("lck", "VmLck"))
        ]
        if not measure.is_root():
            changes[0] = "fd needs root"
        self.goal("G5", has_returned, " ".join(changes))

    def take_canaries(self, world, pid=None):
        """G6: between two refreshes, so that no seed is on its way."""
        if not measure.is_root():
            self.not_measured("needs root", "G6")
            return
        needles = canaries(world.tenants) + world.canaries
        known = world.tenants[0].id.encode()
        try:
            # On a busy machine the scan may come late, and into the next refresh: what
            # is left behind is there each time.
            for _ in range(CANARY_TRIES):
                hits, size = self._scan(world, pid or world.agent.pid, [*needles, known])
                found = [hit for hit in hits if hit[0] < len(needles)]
                if not found:
                    break
        except PermissionError:
            self.not_measured("/proc/PID/mem is closed even to this root", "G6")
            return
        self.check(len(found) < len(hits), "the scan does not even find a tenant's id")
        for path in [world.log.path, *world.folder.rglob("core*")]:
            found += [(n, path.name) for n in measure.find_in(path.read_bytes(), needles)]
        if found:
            kinds = ("seed", "base64 seed", "private key")
            told = [f"{kinds[number % 3]} in {where}" for number, where in found[:6]]
            self.complaints.append(f"canaries: {', '.join(told)}")
        text = f"{len(found)} of {len(needles)} in {size:.0f} MiB"
        self.goal("G6", not found, text)

    @staticmethod
    def _scan(world, pid, needles):
        # Whatever it was given is wiped now, and the next refresh is a period away.
        mark, line = world.log.mark(), re.compile(r"refresh: \d+ tenants")
        wait_until("a refresh", lambda: line.search(world.log.text(mark)), 60, 0.005)
        time.sleep(0.03)
        return measure.scan_memory(pid, needles)

    # The whole

    def go(self):
        """Run the row; the result as plain data."""
        skip = None
        began = time.monotonic()
        try:
            ROWS[self.number].function(self)
        except Skip as reason:
            skip = str(reason)
        except Exception as error:  # pylint: disable=broad-except
            last = traceback.extract_tb(error.__traceback__)[-1]
            told = f"{type(error).__name__}: {error} ({last.name}:{last.lineno})"
            is_late = isinstance(error, LATE)
            (self.late if is_late else self.complaints).append(told)
            if os.environ.get("FAULTS_TRACE"):
                traceback.print_exc()
        return {
            "injected": self.injected,
            "goals": self.goals,
            "complaints": self.complaints,
            "late": self.late,
            "notes": self.notes,
            "skip": skip,
            "seconds": time.monotonic() - began,
        }


def warm_up(world):
    """Every thread of the pool has refreshed once, and with new connections."""
    for _ in range(12):
        if hasattr(world.kmip, "drop_all"):
            world.kmip.drop_all()
        world.agent.refresh()
    world.wait_whole(world.log.mark())


def share_and_ratio(before, during):
    """The share of requests that succeeded, p99 over the baseline's, both as text."""
    failed = during["lost"] + during["wrong"] + sum(during["errors"].values())
    share = during["right"] / max(during["right"] + failed, 1)
    ratio = during["p99_us"] / max(before["p99_us"], P99_FLOOR_US)
    return share, ratio, f"{100 * share:.2f}% p99 {during['p99_us']:.0f}us x{ratio:.1f}"
