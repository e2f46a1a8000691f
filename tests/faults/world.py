"""One agent and the servers around it, in a folder of their own."""

import base64
import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import tempfile
import uuid

from agent import Agent, Log, sidekey, wait_until
from http_liar import Coordinator
from kmip_liar import Server
from pki import Authority, replace_file
from servers import Nginx, PyKmip

PERIOD = 1.0  # seconds between refreshes, and the longest back-off
TIMEOUT = 1.0  # of one KMIP operation, and of one page
WHOLE = re.compile(r"refresh: \d+ tenants, .* 0 not reached, in (\d+) ms")


class Tenant:
    """A tenant and the seeds it may have; the first is the one it has first."""

    def __init__(self, private=False, seeds=1, touched=False):
        self.id = str(uuid.uuid4())
        self.private = private
        self.touched = touched  # by the fault
        self.seeds = [new_seed() for _ in range(seeds)]
        self.keys = [sidekey.Key.from_seed(seed) for seed in self.seeds]


def new_seed():
    """32 random bytes in base64."""
    return base64.b64encode(os.urandom(32)).decode()


def canaries(tenants):
    """What must not be found: seeds, raw and base64, and private keys."""
    found = []
    for tenant in tenants:
        for seed in tenant.seeds:
            raw = base64.b64decode(seed)
            found += [raw, seed.encode(), hashlib.sha256(raw).digest()]
    return found


class World:
    """Tenants, a Coordinator, a key server, and an agent over them.

    kmip         "liar", "pykmip" or None
    coordinator  "liar" or "nginx"
    config       merged over the configuration
    """

    def __init__(self, build, tenants=None, kmip="liar", coordinator="nginx", config=None):
        self.build = pathlib.Path(build).resolve()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="faults."))
        self.folder.chmod(0o711)
        self._ends = []
        self.agent = None
        self.tenants = tenants if tenants is not None else default_tenants()
        self.listed = list(self.tenants)  # by the Coordinator
        self.loaded = list(self.tenants)  # by the load generator
        self.canaries = []  # beside what the tenants have
        self.revision = 1
        self.socket = self.folder / "run" / "agent.sock"
        self.log = Log(self.folder / "agent.log")
        self.ca = Authority(self.folder)
        self.client_pair = self.ca.client()
        self.server_pair = self.ca.server()
        self._start_coordinator(coordinator)
        self._start_kmip(kmip)
        self.config_file = self.folder / "application.json"
        self.secret_file = self.folder / "secret.json"
        self.secret_file.write_text("{}")
        self.config = merge(self._base_config(), config or {})
        self.write_config()

    # Servers

    def _start_coordinator(self, kind):
        self.seeds_now = {tenant.id: tenant.seeds[:1] for tenant in self.tenants}
        if kind == "liar":
            self.coordinator = Coordinator(self.document)
            self.on_end(self.coordinator.stop)
        else:
            self.coordinator = Nginx(self.folder)
            self.on_end(self.coordinator.kill)
            self.publish()

    def _start_kmip(self, kind):
        self.kmip = None
        if kind == "pykmip":
            self.kmip = PyKmip(self.folder, self.server_pair, self.ca.pair.cert_file)
            self.on_end(self.kmip.kill)
            with pykmip_client(self) as client:
                for tenant in self.tenants:
                    if tenant.private:
                        put_object(client, tenant.id, tenant.seeds[0])
        elif kind == "liar":
            self.kmip = Server(self.server_pair, self.ca.pair.cert_file)
            self.on_end(self.kmip.stop)
            for tenant in self.tenants:
                if tenant.private:
                    self.kmip.put(tenant.id, tenant.seeds[0])

    def document(self):
        """The Coordinator's list."""
        rows = []
        for tenant in self.listed:
            row = {"id": tenant.id, "zero_knowledge": tenant.private}
            if not tenant.private:
                row["key_seed"] = self.seeds_now[tenant.id]
            rows.append(row)
        return {"revision": self.revision, "tenants": rows, "next": None}

    def publish(self):
        """Put the list where nginx serves it."""
        path = self.coordinator.root / "tenants.json"
        replace_file(path, json.dumps(self.document()).encode())
        path.chmod(0o644)

    # Configuration

    def _base_config(self):
        config = {
            "crypto": {
                "mode": "remote-multi-keys",
                "update_period": f"{PERIOD:g}s",
            },
            "coordinator": {
                "url": f"http://127.0.0.1:{self.coordinator.port}/tenants.json",
                "timeout": f"{TIMEOUT:g}s",
            },
            "sidekey": {"socket": str(self.socket), "metrics": "", "workers": 2},
        }
        if self.kmip:
            config["crypto"]["kms_config"] = {
                "kmip": {
                    "address": f"127.0.0.1:{self.kmip.port}",
                    "timeout": f"{TIMEOUT:g}s",
                },
                "tls": {
                    "key_file": str(self.client_pair.key_file),
                    "cert_file": str(self.client_pair.cert_file),
                    "ca_file": str(self.ca.pair.cert_file),
                },
            }
        return config

    def configure(self, more):
        """Merge over the configuration and write it."""
        self.config = merge(self.config, more)
        self.write_config()

    def write_config(self):
        """Write the configuration file."""
        replace_file(self.config_file, json.dumps(self.config).encode())
        self.config_file.chmod(0o644)

    def kmip_through(self, proxy):
        """Have the agent reach its key server through a proxy."""
        address = f"127.0.0.1:{proxy.port}"
        self.configure({"crypto": {"kms_config": {"kmip": {"address": address}}}})
        self.on_end(proxy.stop)
        return proxy

    # Life

    def start(self, ready=True, **options):
        """Start the agent."""
        self.agent = Agent(self, **options)
        if ready:
            self.agent.wait_ready()
        return self.agent

    def start_twin(self):
        """An agent with the same keys, from a file, that no fault touches."""
        socket = self.folder / "twin.sock"
        keys = {tenant.id: tenant.seeds for tenant in self.tenants}
        crypto = {"mode": "local-multi-keys", "update_period": "1h", "tenant_keys": keys}
        own = {"socket": str(socket), "metrics": "", "workers": 2}
        path = self.folder / "twin.json"
        path.write_text(json.dumps({"crypto": crypto, "sidekey": own}))
        twin = Agent(self, twin=socket)
        self.on_end(twin.process.wait)
        self.on_end(twin.process.kill)
        twin.wait_ready()
        return twin

    def restart_servers(self, coordinator, kmip):
        """The scripted servers again, at the ports they had."""
        objects = self.kmip.objects
        self.coordinator = Coordinator(self.document, coordinator)
        self.kmip = Server(self.server_pair, self.ca.pair.cert_file, kmip)
        self.kmip.objects = objects
        self.on_end(self.coordinator.stop)
        self.on_end(self.kmip.stop)

    def on_end(self, function):
        """Have something done at the end, last first."""
        self._ends.append(function)

    def sanitizer_reports(self):
        """What AddressSanitizer and UBSan wrote."""
        files = [*self.folder.glob("asan.*"), *self.folder.glob("ubsan.*")]
        text = "".join(file.read_text(errors="replace") for file in files)
        return text + "".join(self.log.find(r"runtime error: .*"))

    def wait_whole(self, since, seconds=60.0):
        """Until a refresh reached everything."""
        wait_until("a whole refresh", lambda: WHOLE.search(self.log.text(since)), seconds)

    def end(self):
        """Stop and remove everything."""
        if self.agent and self.agent.alive:
            with contextlib.suppress(ProcessLookupError):
                self.agent.signal(signal.SIGCONT)
            self.agent.process.kill()
            self.agent.process.wait()
        for function in reversed(self._ends):
            with contextlib.suppress(Exception):
                function()
        if not os.environ.get("FAULTS_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def default_tenants():
    """Twelve public ones, and four private ones that key server faults touch."""
    return [Tenant() for _ in range(12)] + [
        Tenant(private=True, touched=True) for _ in range(4)
    ]


def merge(old, new):
    """Objects merge, everything else replaces."""
    merged = dict(old)
    for name, value in new.items():
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = merge(merged[name], value) if both else value
    return merged


def pykmip_client(world):
    """A client of the real server, as an operator would use."""
    from kmip.pie import client

    return client.ProxyKmipClient(
        hostname="127.0.0.1",
        port=world.kmip.port,
        cert=str(world.client_pair.cert_file),
        key=str(world.client_pair.key_file),
        ca=str(world.ca.pair.cert_file),
        ssl_version="PROTOCOL_TLSv1_2",
    )


def put_object(kmip, name, seed):
    """Register Secret Data with a Name and activate it; its identifier."""
    from kmip.core import enums
    from kmip.pie import objects

    thing = objects.SecretData(seed.encode(), enums.SecretDataType.SEED)
    thing.names = [name]
    identifier = kmip.register(thing)
    kmip.activate(identifier)
    return identifier
