"""The real servers: PyKMIP behind TLS 1.2 and 1.3, and nginx."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

from net import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = "/usr/bin/python3"


def wait_for_port(port, seconds=60):
    """Until somebody listens."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


class Program:
    """A server process in a group of its own, so that all of it can be ended."""

    def __init__(self, argv, log, **options):
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                argv, stdout=output, stderr=output, process_group=0, **options
            )

    def signal(self, number):
        """To the program and its children."""
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    def kill(self):
        """At once."""
        self.signal(signal.SIGKILL)
        self.process.wait()


class Nginx(Program):
    """Serves a folder, with ETags."""

    def __init__(self, folder):
        self.port = free_port()
        self.root = folder / "www"
        self.root.mkdir(mode=0o755)
        temporary = folder / "nginx"
        temporary.mkdir()
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        paths = "\n".join(f"{k}_temp_path {temporary}/{k};" for k in kinds)
        config = folder / "nginx.conf"
        config.write_text(
            f"""daemon off; master_process off; pid {temporary}/pid; events {{}}
            http {{ access_log off; etag on; {paths}
              server {{ listen 127.0.0.1:{self.port}; root {self.root};
                        default_type application/json; }} }}"""
        )
        log = folder / "nginx.log"
        super().__init__(["/usr/sbin/nginx", "-e", log, "-c", config], log)
        wait_for_port(self.port)


class PyKmip(Program):
    """A PyKMIP server with a database of its own."""

    def __init__(self, folder, pair, ca_file, name="pykmip", database=None):
        self.port = free_port()
        base = folder / name
        base.mkdir()
        (base / "policy").mkdir()
        self.database = base / "kmip.db"
        if database:
            shutil.copy(database, self.database)
        (base / "conf").write_text(
            f"""[server]
hostname=127.0.0.1
port={self.port}
certificate_path={pair.cert_file}
key_path={pair.key_file}
ca_path={ca_file}
auth_suite=TLS1.2
enable_tls_client_auth=True
logging_level=INFO
policy_path={base}/policy
database_path={self.database}
"""
        )
        script = ROOT / "tests/integration/pykmip13.py"
        super().__init__(
            [PYTHON, "-W", "ignore", script, "-f", base / "conf", "-l", base / "log"],
            base / "out",
        )
        wait_for_port(self.port)
