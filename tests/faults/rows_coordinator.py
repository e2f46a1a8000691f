"""Coordinators that cut, lie, refuse, or change fast: rows 7 to 12, 28, 29."""

import json
import re
import time
import uuid

import measure
from agent import wait_until
from http_liar import head, page
from load import FORWARD, Load
from row import row
from world import Tenant, new_seed


def public_tenants(count=16, **options):
    """Tenants that only the Coordinator knows."""
    return [Tenant(**options) for _ in range(count)]


def listed_ids(world):
    """The tenants that the agent has."""
    with world.agent.client() as client:
        return {tenant["id"] for tenant in client.tenants()}


def must_refuse(run, world, what, lie):
    """Offer a bad list; the old tenant set stays. Returns the agent's words."""
    world.coordinator.lie = lie if callable(lie) else lambda _: lie
    mark = world.log.mark()
    error = world.agent.refresh()
    run.injected += 1
    run.check(error is not None, f"{what}: taken for good")
    same = listed_ids(world) == {tenant.id for tenant in world.tenants}
    run.check(same, f"{what}: the tenant set changed")
    return f"{error} {world.log.text(mark)}"


@row(7, "Coordinator page truncated", "scripted server, at every 61st byte")
def page_truncated(run):
    """The old tenant set is kept."""
    with run.world(tenants=public_tenants(), kmip=None, coordinator="liar") as world:
        world.start()
        with run.faulted(world):
            whole = page(world.document())
            body = json.dumps(world.document()).encode()
            for cut in range(0, len(whole), 61):
                must_refuse(run, world, f"ended at {cut}", whole[:cut])
            for cut in range(0, len(body), 61):
                must_refuse(run, world, f"whole, but cut at {cut}", page(body[:cut]))
            run.hold(2)
            world.coordinator.lie = None


def spread(first, second):
    """Two pages."""

    def lie(path):
        if "second" in path:
            return page({**second, "next": None})
        return page({**first, "next": "second.json"})

    return lie


@row(8, "duplicate tenants, mixed revisions", "scripted server")
def page_contradicts(run):
    """The list is refused as a whole."""
    with run.world(tenants=public_tenants(), kmip=None, coordinator="liar") as world:
        world.start()
        with run.faulted(world):
            good = world.document()
            rows = good["tenants"]
            other = [dict(rows[0], key_seed=new_seed())]
            new = [{"id": str(uuid.uuid4()), "zero_knowledge": True}]
            lies = {
                "twice on a page": page({**good, "tenants": rows + other}),
                "the same twice": page({**good, "tenants": rows + rows[:1]}),
                "on both pages": spread(good, {**good, "tenants": other}),
                "revision moved": spread(good, {"revision": 2, "tenants": new}),
                "revision is text": spread(good, {"revision": "1", "tenants": new}),
                "revision is gone": spread(good, {"tenants": new}),
                "a page again": spread(good, good),
            }
            end = time.monotonic() + 2
            while time.monotonic() < end:
                for what, lie in lies.items():
                    must_refuse(run, world, what, lie)
            world.coordinator.lie = None


def huge(declared):
    """1 GiB of tenants."""
    length = 2**30 if declared else None
    yield head("200 OK", length=length)
    yield b'{"revision": 1, "tenants": ['
    entry = b'{"id": "%s", "zero_knowledge": true},' % str(uuid.uuid4()).encode()
    block = entry * (65536 // len(entry))
    for _ in range(2**30 // len(block)):
        yield block


@row(9, "1 GiB JSON", "scripted server, announced and not")
def page_huge(run):
    """Refused at max_page_bytes."""
    # Without root the usual lock limit, 8 MiB, comes before the default of 16 MiB.
    most = 2**24 if measure.is_root() else 2**21
    config = {"coordinator": {"max_page_bytes": most}}
    tenants = public_tenants()
    with run.world(tenants=tenants, kmip=None, coordinator="liar", config=config) as world:
        world.start()
        peak = measure.usage(world.agent.pid)["VmHWM"]
        with run.faulted(world):
            for declared in (False, True, False, True):
                lie = huge(declared)
                said = must_refuse(run, world, "1 GiB", lambda _, lie=lie: lie)
                run.check(str(most) in said, f"said {said[:200]}")
                sent = world.coordinator.sent  # sockets hold some, too
                run.check(sent < most + 2**23, f"it took {sent} bytes")
            run.hold(1.5)
            world.coordinator.lie = None
        if not run.is_asan:
            grown = measure.usage(world.agent.pid)["VmHWM"] - peak
            # The page, and a copy while its buffer grows.
            run.check(grown < 40 * 1024, f"memory peaked {grown} KiB higher")


def bad_documents(good):
    """What is no list, with what the message must name."""
    rows = good["tenants"]
    deep = b"[" * 10000 + b"]" * 10000

    def with_row(change):
        changed = [dict(entry) for entry in rows]
        changed[3].update(change)
        return json.dumps({**good, "tenants": changed}).encode()

    bad_text = with_row({"id": "@"}).replace(b'"@"', b'"\xff\xfe\xc0\x80"')
    return [
        (b'{"revision": 1, "tenants": ' + deep + b"}", "page 1"),
        (deep, "page 1"),
        (with_row({"x": json.loads("[" * 500 + "]" * 500)}), "page 1"),
        (bad_text, "page 1"),
        (with_row({"id": 7}), r"page 1.*tenants\[3\]"),
        (with_row({"id": "no-uuid"}), r"page 1.*tenants\[3\]"),
        (with_row({"key_seed": 42}), r"page 1.*tenants\[3\]"),
        (with_row({"zero_knowledge": "false"}), r"page 1.*tenants\[3\]"),
        (with_row({"zero_knowledge": 0}), r"page 1.*tenants\[3\]"),
        (json.dumps({**good, "tenants": {}}).encode(), "page 1.*tenants"),
        (json.dumps({**good, "revision": None}).encode(), "page 1.*revision"),
        (json.dumps({**good, "next": 3}).encode(), "page 1.*next"),
        (b"", "page 1"),
        (b"null", "page 1"),
        (b'{"revision": 1e999999999, "tenants": [', "page 1"),
        (json.dumps(good).encode("utf-16"), "page 1"),
        (json.dumps(good).encode() + b"}", "page 1"),
    ]


@row(10, "deep nesting, bad UTF-8, numbers for strings", "scripted server")
def page_malformed(run):
    """Refused; the message names page and entry."""
    with run.world(tenants=public_tenants(), kmip=None, coordinator="liar") as world:
        world.start()
        with run.faulted(world):
            end = time.monotonic() + 2
            while time.monotonic() < end:
                for body, names in bad_documents(world.document()):
                    said = must_refuse(run, world, repr(body[:60]), page(body))
                    run.check(re.search(names, said), f"{names} not in {said[:300]}")
            world.coordinator.lie = None


def gaps(coordinator, first):
    """Seconds between requests, from request number `first` on."""
    times = [at for at, _ in coordinator.requests[first:]]
    return [after - before for before, after in zip(times, times[1:])]


@row(11, "500, 429, redirect storm", "scripted server", lane="beside")
def page_refused(run):
    """Backs off, keeps Retry-After, follows no redirect."""
    config = {"crypto": {"update_period": "2s"}}
    tenants = public_tenants()
    with run.world(tenants=tenants, kmip=None, coordinator="liar", config=config) as world:
        server = world.coordinator
        world.start()
        with run.faulted(world, limit=3.0):
            seen = len(server.requests)
            server.lie = lambda _: head("500 Internal Server Error", length=0)
            wait_until("requests", lambda: len(server.requests) >= seen + 4, 60)
            between = gaps(server, seen)
            run.check_time(min(between) >= 0.4, f"asked again after {min(between):.2f} s")
            run.check_time(between[2] > between[0], f"no back-off: {between}")
            later = {"Retry-After": "3"}
            server.lie = lambda _: head("429 Too Many Requests", later, 0)
            seen = len(server.requests)
            wait_until("requests", lambda: len(server.requests) >= seen + 2, 60)
            between = gaps(server, seen)
            run.check_time(between[0] >= 2.9, f"Retry-After 3: {between[0]:.2f} s")
            seen = len(server.requests)
            storm(run, world)
            paths = {path for _, path in server.requests[seen:]}
            run.check(paths == {"/tenants.json"}, f"followed to {paths}")
            run.injected = len(server.requests) - seen + 6
            server.lie = None


def storm(run, world):
    """A server that sends the client round in circles."""
    port = world.coordinator.port
    targets = ["/tenants.json", "/other.json", f"http://127.0.0.1:{port}/again.json"]
    statuses = ["301 Moved", "302 Found", "303 See Other", "307 Go", "308 Go"]
    for status in statuses:
        for target in targets:
            answer = head(status, {"Location": target}, 0)
            said = must_refuse(run, world, f"{status} {target}", answer)
            run.check("redirect" in said, f"{status}: {said[:200]}")


@row(12, "empty or shrunken tenant list", "scripted server", lane="beside")
def list_shrinks(run):
    """The brake holds."""
    with run.world(tenants=public_tenants(), kmip=None, coordinator="liar") as world:
        world.start()
        with run.faulted(world):
            for keep in (0, 12, 1, 8):
                world.listed = world.tenants[:keep]
                world.revision += 1
                mark = world.log.mark()
                world.log.wait("removal brake", mark)
                run.injected += 1
                same = listed_ids(world) == {tenant.id for tenant in world.tenants}
                run.check(same, f"down to {keep}: the tenant set changed")
                world.listed = world.tenants
                world.wait_whole(world.log.mark())


class Churn:
    """A list of which half comes and goes."""

    def __init__(self, world, stable, changing):
        self.world = world
        self.stable = [self.entry(tenant.id, tenant.seeds[0]) for tenant in stable]
        self.halves = [
            [self.entry(tenant.id, tenant.seeds[0]) for tenant in changing[half::2]]
            for half in (0, 1)
        ]
        for half in self.halves:
            half += [self.entry(str(uuid.uuid4()), new_seed()) for _ in range(400)]

    @staticmethod
    def entry(tenant, seed):
        """A row of the list."""
        return {"id": tenant, "zero_knowledge": False, "key_seed": seed}

    def __call__(self, _):
        self.world.revision += 1
        half = self.halves[self.world.revision % 2]
        return page({"revision": self.world.revision, "tenants": self.stable + half})


@row(28, "tenants added and removed under load, 1,000 a second", "scripted Coordinator")
def list_churns(run):
    """Slots are wiped, and never reused while referenced."""
    stable, changing = public_tenants(8), public_tenants(16, touched=True)
    config = {
        "crypto": {"update_period": "500ms"},
        "sidekey": {"removal_brake": 1.0},
    }
    tenants = stable + changing
    with run.world(tenants=tenants, kmip=None, coordinator="liar", config=config) as world:
        world.start()
        with run.faulted(world):
            mark, began = world.log.mark(), time.monotonic()
            world.coordinator.lie = Churn(world, stable, changing)
            wanted = 1000 if run.is_asan else 7000

            def is_enough():
                moved = world.log.find(r"(\d+) new, \d+ changed, (\d+) removed", mark)
                run.injected = sum(int(new) + int(gone) for new, gone in moved)
                return run.injected >= wanted

            wait_until("changes", is_enough, 60)
            seconds = time.monotonic() - began
            told = f"{run.injected} in {seconds:.1f} s"
            run.check_time(run.is_asan or run.injected >= 1000 * seconds, told)
            world.coordinator.lie = None
            world.agent.refresh()


@row(29, "seeds rotate under pipelined load", "scripted Coordinator")
def seeds_rotate(run):
    """Old or new key, never a mix, never back; old envelopes still open."""
    tenants = public_tenants(8) + public_tenants(8, seeds=4, touched=True)
    config = {"crypto": {"update_period": "100ms"}}
    with run.world(tenants=tenants, kmip=None, coordinator="liar", config=config) as world:
        world.start()
        load = Load(world, run.release, 4, 200 if run.is_asan else 4000, FORWARD, burst=16)
        with run.faulted(world, load=load, rate=4000, connections=4, burst=16):
            mark, began = world.log.mark(), time.monotonic()

            def is_enough():
                run.injected = sum(map(int, world.log.find(r"(\d+) changed", mark)))
                return run.injected > 8 * 10 and time.monotonic() > began + 4

            while not is_enough() and time.monotonic() < began + 60:
                world.revision += 1
                for tenant in tenants:
                    seeds = tenant.seeds
                    world.seeds_now[tenant.id] = [seeds[world.revision % len(seeds)]]
                time.sleep(0.05)
            run.check(run.injected > 8 * 10, f"only {run.injected} rotations")
            world.revision += 1
            world.seeds_now = {tenant.id: tenant.seeds[:1] for tenant in tenants}
            # The second has begun after the change.
            for _ in range(2):
                world.agent.refresh()
            for tenant in tenants:
                key = world.agent.public_key(tenant)
                run.check(key == tenant.keys[0].public, "a stale epoch's key")
