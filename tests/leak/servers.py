"""The world of one agent: certificates, a key server, a Coordinator, files."""

import base64
import contextlib
import datetime
import ipaddress
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

HERE = os.path.dirname(os.path.abspath(__file__))
START_S = 60


def free_port():
    """A port of 127.0.0.1 that nobody listens on."""
    while True:
        port = random.randrange(12000, 32000)  # the kernel gives none of these
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def until(what, is_true, seconds=START_S):
    """Wait for an event that can only be looked at."""
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited in vain for {what}")
        time.sleep(0.02)


def accepts(path):
    """True when somebody accepts at a Unix socket: the file alone is there a
    moment before."""
    client = socket.socket(socket.AF_UNIX)
    try:
        client.connect(path)
        return True
    except OSError:
        return False
    finally:
        client.close()


def is_listening(port):
    """True when somebody accepts there."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def new_seed(length=32):
    """Base64 of random bytes."""
    return base64.b64encode(os.urandom(length)).decode()


def pem_of(cert):
    """A certificate as PEM text."""
    return cert.public_bytes(serialization.Encoding.PEM).decode()


class Authority:
    """A certificate authority of one day."""

    def __init__(self):
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = self._name_of("sidekey leak scan CA")
        self.cert = self._sign(self._name, self._key.public_key(), None, is_ca=True)

    @staticmethod
    def _name_of(text):
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    def _sign(self, subject, public, usage, is_ca=False):
        now = datetime.datetime.utcnow()
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
        )
        if usage is not None:
            address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            builder = builder.add_extension(
                x509.ExtendedKeyUsage([usage]), critical=False
            ).add_extension(x509.SubjectAlternativeName([address]), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def issue(self, name, key, usage):
        """A certificate for `key`."""
        return self._sign(self._name_of(name), key.public_key(), usage)


class World:
    """Servers and files in one folder; stop() ends all of them."""

    def __init__(self, folder, bin_folder, secrets):
        self.folder = folder
        self.bin = bin_folder
        self.secrets = secrets
        self.processes = {}
        self.revision = 0
        self.socket = os.path.join(folder, "s.sock")
        self.kmip_port = free_port()
        self.http_port = free_port()
        self.token = base64.urlsafe_b64encode(os.urandom(33)).decode()
        secrets.add("token", self.token.encode())
        self._make_keys()

    def path(self, name):
        """A file of this world."""
        return os.path.join(self.folder, name)

    def write(self, name, text, mode=0o644):
        """Replace a file by rename, as a careful operator does."""
        path = self.path(name)
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path + ".new", mode)
        os.rename(path + ".new", path)

    def _make_keys(self):
        usage = x509.ExtendedKeyUsageOID
        authority = Authority()
        self.write("ca.crt", pem_of(authority.cert))
        server = ec.generate_private_key(ec.SECP256R1())
        self.write("server.crt", pem_of(authority.issue("s", server, usage.SERVER_AUTH)))
        self.write("server.key", self._private_pem(server))
        self.clients = {}
        for name, key in (
            ("kmip", rsa.generate_private_key(65537, 2048)),
            ("coordinator", ec.generate_private_key(ec.SECP256R1())),
        ):
            pem = self.secrets.add_tls_key(f"tls-{name}", key)
            cert = pem_of(authority.issue(name, key, usage.CLIENT_AUTH))
            self.write(f"{name}.key", pem, 0o600)
            self.write(f"{name}.crt", cert)
            self.clients[name] = {"key": pem, "cert": cert, "ca": pem_of(authority.cert)}

    @staticmethod
    def _private_pem(key):
        return key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ).decode()

    def spawn(self, name, argv, **options):
        """Start a program, in a group of its own, whose words go to NAME.log."""
        with open(self.path(f"{name}.log"), "ab") as log:
            self.processes[name] = subprocess.Popen(
                argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, **options
            )
        return self.processes[name]

    def stop(self, name, number=signal.SIGTERM):
        """End one of them; its exit status."""
        process = self.processes.pop(name, None)
        if process is None:
            return 0
        process.send_signal(number)
        try:
            status = process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        if number == signal.SIGKILL:
            # PyKMIP's monitor of policies outlives it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
        return status

    def stop_all(self):
        """End what still runs."""
        for name in list(self.processes):
            # PyKMIP takes ten seconds to end by itself.
            self.stop(name, signal.SIGKILL if name == "kmip" else signal.SIGTERM)

    def start_kmip(self):
        """A stock PyKMIP server with mutual TLS."""
        os.makedirs(self.path("policy"), exist_ok=True)
        self.write(
            "kmip.conf",
            f"[server]\nhostname=127.0.0.1\nport={self.kmip_port}\n"
            f"certificate_path={self.path('server.crt')}\n"
            f"key_path={self.path('server.key')}\nca_path={self.path('ca.crt')}\n"
            "auth_suite=TLS1.2\nenable_tls_client_auth=True\nlogging_level=INFO\n"
            f"policy_path={self.path('policy')}\n"
            f"database_path={self.path('kmip.db')}\n",
        )
        program = os.path.join(HERE, "..", "integration", "pykmip13.py")
        self.spawn(
            "kmip",
            ["/usr/bin/python3", "-Wignore", program, "-f", self.path("kmip.conf")]
            + ["-l", self.path("kmip-server.log")],
        )
        until("the key server", lambda: is_listening(self.kmip_port))

    def start_nginx(self):
        """nginx with mutual TLS and the list of tenants."""
        temp = "".join(
            f"{kind}_temp_path {self.path('nginx-' + kind)};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        self.write(
            "nginx.conf",
            f"daemon off; master_process off; pid {self.path('nginx.pid')};\n"
            f"error_log {self.path('nginx-error.log')}; events {{}}\n"
            f"http {{ access_log off; etag on; {temp}\n"
            f"server {{ listen 127.0.0.1:{self.http_port} ssl;\n"
            f"ssl_certificate {self.path('server.crt')};\n"
            f"ssl_certificate_key {self.path('server.key')};\n"
            f"ssl_client_certificate {self.path('ca.crt')};\n"
            f"ssl_verify_client on; root {self.path('www')}; }} }}\n",
        )
        self.spawn(
            "nginx", ["/usr/sbin/nginx", "-e", "stderr", "-c", self.path("nginx.conf")]
        )
        until("nginx", lambda: is_listening(self.http_port))

    def write_list(self, public, private):
        """The tenants of the Coordinator: seeds of public ones, names of others."""
        self.revision += 1
        rows = [
            {"id": tenant, "zero_knowledge": False, "key_seed": seed}
            for tenant, seed in public.items()
        ] + [{"id": tenant, "zero_knowledge": True} for tenant in private]
        page = {"revision": self.revision, "tenants": rows, "next": None}
        os.makedirs(self.path("www"), exist_ok=True)
        self.write("www/tenants.json", json.dumps(page))

    def _tls(self, name, is_inline):
        if is_inline:
            return self.clients[name]
        return {
            "key_file": self.path(f"{name}.key"),
            "cert_file": self.path(f"{name}.crt"),
            "ca_file": self.path("ca.crt"),
        }

    def write_config(self, local, is_inline, more=None):
        """application.json and, for what is secret, secret.json."""
        config = {
            "crypto": {
                "mode": "remote-multi-keys",
                "update_period": "1h",
                "kms_config": {
                    "kmip": {"address": f"127.0.0.1:{self.kmip_port}", "timeout": "9s"}
                },
            },
            "coordinator": {"url": f"https://127.0.0.1:{self.http_port}/tenants.json"},
            "sidekey": {"socket": self.socket, "workers": 3, "sandbox": "require", "metrics": ""},
        }
        config["sidekey"].update(more or {})
        secret = {
            "crypto": {
                "tenant_keys": local,
                "kms_config": {"tls": self._tls("kmip", is_inline)},
            },
            "coordinator": {
                "token": self.token,
                "tls": self._tls("coordinator", is_inline),
            },
        }
        self.write("application.json", json.dumps(config))
        self.write("secret.json", json.dumps(secret), 0o600)

    def config_arguments(self):
        """How the programs are told of the two files."""
        return [
            "--config", self.path("application.json"),
            "--secret", self.path("secret.json"),
        ]  # fmt: skip

    def provision(self, tenant, seed):
        """Put a seed on the key server."""
        subprocess.run(
            [self.bin("sidekey"), "kms", "put", tenant, "-i", "-"]
            + self.config_arguments(),
            input=seed + "\n", text=True, check=True, capture_output=True,
        )  # fmt: skip

    def start_agent(self, program, before=()):
        """Start it and wait until it has keys."""
        agent = self.spawn(
            "agent", [*before, self.bin(program), *self.config_arguments()]
        )
        try:
            until(
                "the agent",
                lambda: accepts(self.socket) or agent.poll() is not None,
            )
        except RuntimeError:
            pass
        if agent.poll() is not None:
            raise SystemExit("the agent did not start:\n" + self.log_of("agent"))
        return agent.pid

    def log_of(self, name):
        """What a program has said so far."""
        with open(self.path(f"{name}.log"), encoding="utf-8", errors="replace") as log:
            return log.read()
