"""Runs load.c: writes its script, reads its windows."""

import json
import os
import signal
import struct
import subprocess

import msgpack
from agent import sidekey
from calm import claim_process

EXACT, GENERATION, FORWARD = 0, 1, 2
AAD = b"faults"


def _request(method, params):
    return b"\x94\x00\xce" + bytes(4) + msgpack.packb(method) + msgpack.packb([params])


def _result(pairs):
    return b"\xc0" + msgpack.packb(dict(pairs))


def _pack(group, kind, request, answers):
    data = struct.pack("<BBI", group, kind, len(request)) + request
    data += struct.pack("<I", len(answers))
    return data + b"".join(struct.pack("<I", len(a)) + a for a in answers)


def pubkey(tenant, kind=GENERATION):
    """Any of the tenant's keys, and only with its own id."""
    answers = []
    for key in tenant.keys:
        whole = _result(
            [("public_key", key.public), ("key_id", key.key_id), ("generation", 1)]
        )
        answers.append(whole[:-1])
    return _pack(tenant.touched, kind, _request("pubkey", {"tenant": tenant.id}), answers)


def unwrap(tenant, key):
    """The one data key of an envelope."""
    data_key = os.urandom(32)
    header = sidekey.seal_header(tenant.id, key, data_key)
    header = header if isinstance(header, bytes) else header.data
    answer = _result([("data_key", data_key), ("suite", 2), ("key_id", key.key_id)])
    request = _request("unwrap", {"tenant": tenant.id, "header": header})
    return _pack(tenant.touched, EXACT, request, [answer])


def decrypt(tenant, key):
    """The plaintext of an envelope of the independent client."""
    plaintext = os.urandom(256)
    sealed = sidekey.seal(tenant.id, key, plaintext, AAD)
    answer = _result(
        [("plaintext", plaintext), ("authenticated", True), ("key_id", key.key_id)]
    )
    params = {"tenant": tenant.id, "ciphertext": sealed, "aad": AAD}
    return _pack(tenant.touched, EXACT, _request("decrypt", params), [answer])


def script_for(tenants, kind=GENERATION):
    """Every method for every tenant; old envelopes of its first seed."""
    items = []
    for tenant in tenants:
        items += [pubkey(tenant, kind), unwrap(tenant, tenant.keys[0])]
        items.append(decrypt(tenant, tenant.keys[0]))
    return struct.pack("<I", len(items)) + b"".join(items)


class Load:
    """A running load generator."""

    def __init__(
        self, world, release, connections, rate, kind=GENERATION, socket=None, burst=1
    ):
        path = world.folder / ("twin.script" if socket else "load.script")
        path.write_bytes(script_for(world.loaded, kind))
        self.errors = path.with_suffix(".err")
        argv = [release / "tests/faults/load", socket or world.socket, path]
        argv += [str(connections), str(rate), str(burst)]
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                argv,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                preexec_fn=claim_process,
            )
        world.on_end(self.process.kill)

    def window(self):
        """End a window and return what it counted."""
        self.process.send_signal(signal.SIGUSR1)
        return json.loads(self.process.stdout.readline())

    def stop(self):
        """End the last window and the program."""
        self.process.terminate()
        last = json.loads(self.process.stdout.readline())
        self.process.wait(60)
        return last
