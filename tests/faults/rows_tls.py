"""Certificates that expire, are wrong, or are replaced: rows 13 to 15."""

import time

from agent import wait_until
from pki import Authority, replace_file
from row import row
from world import Tenant

MAX_STALE = 4.0


def private_tenants(world):
    """Those whose keys come from the key server."""
    return [tenant for tenant in world.tenants if tenant.private]


def reconnect_and_refresh(world):
    """A refresh over a new connection."""
    world.kmip.drop_all()
    world.agent.refresh()


@row(13, "client certificate expires", "one that is good for seconds", lane="beside")
def client_expires(run):
    """Logged and counted; keys are served until max_stale."""
    config = {"sidekey": {"max_stale": f"{MAX_STALE:g}s"}}
    with run.world(config=config) as world:
        private = private_tenants(world)
        world.start()
        with run.faulted(world):
            world.ca.client("client", seconds=2)
            mark = world.log.mark()
            while not world.log.find(r"[1-9]\d* not reached", mark):
                confirmed = time.monotonic()
                reconnect_and_refresh(world)
            while time.monotonic() < confirmed + MAX_STALE - 0.5:
                for tenant in private:
                    key = world.agent.public_key(tenant)
                    right = tenant.keys[0].public
                    run.check(key in (right, "UNAVAILABLE"), f"a wrong key: {key}")
                    run.check_time(key == right, f"not served: {key}")
                time.sleep(0.1)

            def is_stale():
                keys = {world.agent.public_key(tenant) for tenant in private}
                return keys == {"UNAVAILABLE"}

            wait_until("the end of max_stale", is_stale, 60)
            run.injected = len(world.log.find("failed to get key", mark))
            run.check(run.injected > 0, "nothing in the log")
            said = world.log.find("refuses our certificate", mark)
            run.check(said, "the log does not say that it is the certificate")
            if b"expires" in (run.build / "sidekeyd").read_bytes():
                warned = world.log.find("(?i)certificate.*expire", mark)
                run.check(warned, "no warning of the expiry")
            else:
                run.note("this build does not watch for expiry, nor count it")
            world.ca.client("client")


@row(14, "server certificate: wrong authority, wrong name, expired", "swap it")
def server_wrong(run):
    """Never connects; says which of the three."""
    with run.world() as world:
        ca_file = world.ca.pair.cert_file
        stranger = Authority(world.folder, "stranger").server("of-stranger")
        world.start()
        with run.faulted(world):
            said = {}
            for what, pair in {
                "authority": stranger,
                "name": world.ca.server("of-another", "192.0.2.7"),
                "expired": world.ca.server("of-yesterday", seconds=-3600),
            }.items():
                world.kmip.use(pair, ca_file)
                world.kmip.drop_all()
                asked, mark = world.kmip.requests, world.log.mark()
                for _ in range(5):
                    world.agent.refresh()
                    run.injected += 1
                run.check(world.kmip.requests == asked, f"{what}: it connected")
                reasons = world.log.find(r"failed to get key .*: (.*)\"", mark)
                said[what] = reasons[0] if reasons else "nothing"
                run.hold(0.5)
            run.check("authorit" in said["authority"], f"authority: {said}")
            run.check("name" in said["name"], f"name: {said}")
            run.check("expired" in said["expired"], f"expired: {said}")
            world.kmip.use(world.server_pair, ca_file)


@row(15, "certificate files replaced while running", "rename, next refresh")
def files_replaced(run):
    """No failed request; a bad new file keeps the old pair in use."""
    tenants = [Tenant() for _ in range(12)] + [Tenant(private=True) for _ in range(4)]
    # No refresh may be lost to a machine that is only slow.
    config = {"crypto": {"kms_config": {"kmip": {"timeout": "30s"}}}}
    with run.world(tenants=tenants, config=config) as world:
        world.start()
        with run.faulted(world):
            for _ in range(3):
                pair = world.ca.client("client")
                mark, serial = world.log.mark(), f"{pair.certificate.serial_number:X}"
                reconnect_and_refresh(world)
                seen = world.kmip.serials[-1].lstrip("0")
                run.check(seen == serial, "the new certificate is not in use")
                lost = world.log.find(r"[1-9]\d* not reached", mark)
                run.check(not lost, "the new certificate cost a refresh")
                run.injected += 1
            other = world.ca.client("other")
            good = {path: path.read_bytes() for path in (pair.cert_file, pair.key_file)}
            for bad_cert, bad_key in (
                (b"garbage", None),
                (b"", b""),
                (None, other.key_file.read_bytes()),
                (good[pair.cert_file][:300], None),
            ):
                replace_file(pair.cert_file, bad_cert or good[pair.cert_file])
                replace_file(pair.key_file, bad_key or good[pair.key_file])
                mark = world.log.mark()
                reconnect_and_refresh(world)
                lost = world.log.find(r"[1-9]\d* not reached", mark)
                run.check(not lost, f"a bad file {bad_cert!r:.20} cost a refresh")
                run.injected += 1
            run.hold(1)
            for path, data in good.items():
                replace_file(path, data)
