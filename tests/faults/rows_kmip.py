"""Key servers that freeze, vanish, lie, or are not of one mind: rows 1 to 6, 34, 35, 37."""

import json
import os
import signal
import time

import kmip_liar
import measure
from agent import wait_until
from kmip.core import enums
from proxy import Proxy
from row import row
from servers import PyKmip
from world import TIMEOUT, Tenant, new_seed, put_object, pykmip_client

UNREACHED = "periodical update: failed to get key for tenant ID"


def longest_refresh_ms(world, since):
    """How long the slowest refresh took."""
    return max(map(int, world.log.find(r"not reached, in (\d+) ms", since)), default=0)


@row(1, "KMIP server frozen", "SIGSTOP of PyKMIP")
def kmip_frozen(run):
    """The deadline fires; serving does not notice."""
    with run.world(kmip="pykmip") as world:
        world.start()
        with run.faulted(world):
            mark = world.log.mark()
            world.kmip.signal(signal.SIGSTOP)
            world.log.wait(r"[1-9]\d* not reached", mark)
            time.sleep(2)
            run.injected = len(world.log.find(r"[1-9]\d* not reached", mark))
            run.check(world.log.find("timed out", mark), "no deadline in the log")
            # The connection that was there, and a new one.
            most = 1000 * (2 * TIMEOUT + 0.5)
            took = longest_refresh_ms(world, mark)
            run.check_time(took <= most, f"a refresh took {took} ms of {most:.0f}")
            world.kmip.signal(signal.SIGCONT)


def sockets_to(port):
    """How many connections to a local port are open or being opened."""
    wanted = f"0100007F:{port:04X}"
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return sum(1 for r in rows if r[2] == wanted and r[3] in ("01", "02"))


def nft(*words):
    """Run nft."""
    os.spawnvp(os.P_WAIT, "nft", ["nft", *words])


@row(2, "KMIP packets dropped", "nft drop in a network namespace", root=True)
def kmip_dropped(run):
    """At most one pending attempt per server."""
    with run.world(kmip="pykmip") as world:
        world.start()
        with run.faulted(world, limit=4.0):
            mark = world.log.mark()
            nft("add", "table", "ip", "faults")
            hook = "{ type filter hook input priority 0; }"
            nft("add", "chain", "ip", "faults", "lost", hook)
            rule = f"tcp dport {world.kmip.port} drop"
            nft("add", "rule", "ip", "faults", "lost", *rule.split())
            most, deadline = 0, time.monotonic() + 5
            while time.monotonic() < deadline:
                # Twice: the table is no snapshot, one may go while it is read.
                twice = [sockets_to(world.kmip.port) for _ in range(2)]
                most = max(most, min(twice))
                time.sleep(0.01)
            nft("delete", "table", "ip", "faults")
            run.injected = len(world.log.find(r"[1-9]\d* not reached", mark))
            run.check(run.injected > 0, "no refresh met the fault")
            run.check(most == 1, f"{most} attempts at one time")


def rotate_private(world):
    """Give each private tenant its second seed at the key server."""
    for tenant in world.tenants:
        if tenant.private:
            world.kmip.put(tenant.id, tenant.seeds[1])


def check_rotated(run, world):
    """All private tenants have their second key in the end."""
    for tenant in world.tenants:
        if tenant.private:
            key = world.agent.public_key(tenant)
            run.check(key == tenant.keys[1].public, "the new seed did not come")


def rotating_tenants():
    """Private tenants with a second seed to come."""
    private = [Tenant(private=True, seeds=2, touched=True) for _ in range(4)]
    return [Tenant() for _ in range(12)] + private


@row(3, "connection reset in the middle of an answer", "proxy, at every 97th byte")
def kmip_reset(run):
    """No partial seed is installed: load accepts whole old or whole new keys only."""
    with run.world(tenants=rotating_tenants()) as world:
        proxy = world.kmip_through(Proxy(world.kmip.port))
        world.start()
        with run.faulted(world):
            rotate_private(world)
            for cut in range(0, proxy.longest, 97):
                proxy.cut_after = cut
                proxy.drop_all()
                world.agent.refresh()
            proxy.cut_after = None
            run.injected = proxy.cuts
            run.hold(1)
            run.check(proxy.cuts >= 20, f"only {proxy.cuts} resets")
        check_rotated(run, world)


@row(4, "answer trickles, 1 byte a second", "proxy")
def kmip_trickle(run):
    """The total deadline fires, not a per-read one."""
    with run.world() as world:
        proxy = world.kmip_through(Proxy(world.kmip.port))
        world.start()
        with run.faulted(world):
            mark = world.log.mark()
            proxy.trickle = 0.4  # well below the deadline, again and again
            world.log.wait(r"[1-9]\d* not reached", mark)
            proxy.trickle = 1.0
            proxy.drop_all()
            world.log.wait(r"(?s)[1-9]\d* not reached.*[1-9]\d* not reached", mark)
            proxy.trickle = 0
            proxy.drop_all()
            run.injected = len(world.log.find(r"[1-9]\d* not reached", mark))
            took = longest_refresh_ms(world, mark)
            most = 1000 * (2 * TIMEOUT + 0.5)
            run.check_time(took <= most, f"a refresh took {took} ms of {most:.0f}")


@row(5, "latency 0.1 to 30 s", "proxy", lane="beside")
def kmip_latency(run):
    """Refreshes do not pile up."""
    with run.world() as world:
        proxy = world.kmip_through(Proxy(world.kmip.port))
        world.start()
        with run.faulted(world):
            for delay in (0.1, 0.3, 1, 3, 10, 30):
                mark = world.log.mark()
                proxy.delay = delay
                proxy.drop_all()
                world.log.wait(r"refresh: .* not reached", mark)
                run.injected += 1
            proxy.delay = 0
            proxy.drop_all()
            # The one given up, until the proxy sees it, and the one after it.
            run.check_time(proxy.most_open <= 2, f"{proxy.most_open} connections at once")


# Lies


def hostile_cases(run):
    """The published cases, or the few that are committed."""
    here = os.path.dirname(os.path.abspath(__file__))
    shared = os.environ.get("SIDEKEY_SHARED", os.path.join(here, "../../../shared"))
    path = os.path.join(shared, "kmip/hostile.json")
    if not os.path.exists(path):
        path = os.path.join(here, "hostile.json")
        run.note("the whole set is absent (SIDEKEY_SHARED): the committed cases only")
    with open(path, encoding="ascii") as file:
        return json.load(file)["cases"]


# A good answer is in them, and what is wrong stands around it: see
# tests/unit/test_kmip_payload.c, which has the same list.
BORNE = {
    "control.good_get",
    "control.good_locate",
    "frame.trailing_garbage",
    "frame.two_answers",
    "batch.no_id",
    "seed.b64_of_b64",
}


class HostileAnswer:
    """Sends one case where the client asks what the case answers."""

    def __init__(self, server, case):
        self.server = server
        self.case = case
        self.was_sent = False

    def __call__(self, questions):
        if len(questions) > 1:
            # Refused as a whole: the client then asks one question a message.
            return kmip_liar.message([kmip_liar.refusal(4)])
        asked = questions[0].operation
        wanted = {"get": kmip_liar.GET, "locate": kmip_liar.LOCATE}
        if asked != wanted[self.case["answers"]]:
            return None
        self.was_sent = True
        good = bytes.fromhex("420093080000000400000001")
        mine = good[:8] + questions[0].item_id
        return bytes.fromhex(self.case["hex"]).replace(good, mine)


@row(6, "TTLV lengths lie", "scripted server, each hostile case")
def kmip_hostile(run):
    """Refused; allocation stays bounded; no key or identifier accepted."""
    victim = Tenant(private=True, touched=True)
    with run.world(tenants=[Tenant() for _ in range(12)] + [victim]) as world:
        # The identifier that the cases speak of, and an object that bears it.
        world.kmip.objects = {"a7": kmip_liar.Object(victim.id, victim.seeds[0])}
        world.loaded.remove(victim)  # a control gives it a key of its own
        world.start()
        peak = measure.usage(world.agent.pid)["VmHWM"]
        with run.faulted(world):
            for case in hostile_cases(run):
                try_case(run, world, victim, case)
            world.kmip.lie = None
        if not run.is_asan:
            grown = measure.usage(world.agent.pid)["VmHWM"] - peak
            run.check(grown < 16 * 1024, f"memory peaked {grown} KiB higher")


def try_case(run, world, victim, case):
    """Offer one case to an agent that has no key of the victim."""
    lie = world.kmip.lie = HostileAnswer(world.kmip, case)
    with world.agent.client() as client:
        client.forget(victim.id)
    world.agent.refresh()
    run.injected += 1
    name = case["name"]
    has_key = isinstance(world.agent.public_key(victim), bytes)
    run.check(lie.was_sent, f"{name}: never asked for")
    run.check(has_key == (name in BORNE), f"{name}: accepted {has_key}")


class OtherAnswer:
    """The right key of another tenant, in one of three disguises."""

    def __init__(self, server, other):
        self.server = server
        self.disguise = "located"
        self.other = next(i for i, o in server.objects.items() if o.name == other.id)
        self.told = 0

    def __call__(self, questions):
        self.told += 1
        return kmip_liar.message([self.answer(question) for question in questions])

    def answer(self, question):
        """Of one question."""
        thing = self.server.objects[self.other]
        if question.operation == kmip_liar.LOCATE and self.disguise == "located":
            return kmip_liar.success(question, kmip_liar.located([self.other]))
        if question.operation == kmip_liar.GET and self.disguise == "got":
            return kmip_liar.success(question, kmip_liar.got(self.other, thing.seed))
        if question.operation == kmip_liar.GET_ATTRIBUTES and self.disguise == "named":
            said = kmip_liar.attributes(question.identifier, thing)
            return kmip_liar.success(question, said)
        return self.server.truth(question)


@row(34, "KMIP server answers for another identifier or Name", "scripted server")
def kmip_other(run):
    """Refused; last good key stays: load knows every tenant's own keys only."""
    with run.world() as world:
        world.start()
        private = [tenant for tenant in world.tenants if tenant.private]
        with run.faulted(world):
            lie = world.kmip.lie = OtherAnswer(world.kmip, private[0])
            for lie.disguise in ("located", "got", "named"):
                mark = world.log.mark()
                world.kmip.drop_all()
                world.agent.refresh()
                world.log.wait(r"[1-9]\d* not reached", mark)
                for tenant in private:
                    key = world.agent.public_key(tenant)
                    run.check(key == tenant.keys[0].public, f"{lie.disguise}: {key}")
                run.hold(0.7)
            run.injected = lie.told
            world.kmip.lie = None


@row(35, "two objects with one tenant's Name", "real PyKMIP")
def kmip_duplicate(run):
    """Refused; last good key stays."""
    with run.world(kmip="pykmip") as world:
        victim = next(tenant for tenant in world.tenants if tenant.private)
        world.start()
        with run.faulted(world):
            mark = world.log.mark()
            with pykmip_client(world) as kmip:
                twin = put_object(kmip, victim.id, new_seed())
                world.log.wait(f"duplicate objects for tenant {victim.id}", mark)
                run.injected = 1
                key = world.agent.public_key(victim)
                run.check(key == victim.keys[0].public, "it picked one")
                run.hold(1.5)
                kmip.revoke(enums.RevocationReasonCode.SUPERSEDED, twin)
                kmip.destroy(twin)


@row(37, "first of three KMIP servers dies during a refresh", "SIGKILL of PyKMIP")
def kmip_failover(run):
    """The refresh completes on the second."""
    with run.world(kmip="pykmip") as world:
        ca = world.ca.pair.cert_file
        others = []
        for name in ("second", "third"):
            database = world.kmip.database
            others.append(PyKmip(world.folder, world.server_pair, ca, name, database))
            world.on_end(others[-1].kill)
        proxy = world.kmip_through(Proxy(world.kmip.port))
        kmip = world.config["crypto"]["kms_config"]["kmip"]
        del kmip["address"]
        kmip["timeout"] = "30s"  # no refresh may miss a server that is only slow
        ports = [proxy.port, *(other.port for other in others)]
        kmip["hosts"] = [f"127.0.0.1:{port}" for port in ports]
        world.write_config()
        world.start()
        with run.faulted(world):
            mark = world.log.mark()

            def die(_):
                proxy.on_answer = None
                world.kmip.kill()
                run.injected += 1

            proxy.on_answer = die
            wait_until("the death", lambda: run.injected, 60)
            world.wait_whole(mark)
            run.hold(1.5)
            lines = world.log.find(r"(\d+) not reached", mark)
            run.check(set(lines) == {"0"}, f"not reached: {lines}")
