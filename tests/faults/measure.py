"""What the table measures of a process: descriptors, memory, and canaries."""

import os
import re
import signal
import time

# The allocator keeps an arena per pool thread, and code is paged in when it is first
# used: timing decides how much of both there is. Leaks are the sanitizer pass's.
RSS_SLACK_KIB = 1536


def is_root():
    """Whether everything can be measured."""
    return os.geteuid() == 0


def usage(pid):
    """Open descriptors, and resident and locked KiB."""
    status = open(f"/proc/{pid}/status").read()
    values = {
        name: int(re.search(rf"{name}:\s+(\d+)", status)[1])
        for name in ("VmRSS", "VmLck", "VmHWM")
    }
    # The agent is not dumpable: its descriptors are root's to see.
    fds = len(os.listdir(f"/proc/{pid}/fd")) if is_root() else 0
    return {"fds": fds, **values}


def cpu_seconds(pid):
    """CPU time used so far."""
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def has_returned(before, now):
    """G5: within 1 %."""
    slack = max(before["VmRSS"] // 100, RSS_SLACK_KIB)
    return (
        now["fds"] <= before["fds"] * 1.01
        and now["VmRSS"] <= before["VmRSS"] + slack
        and now["VmLck"] <= before["VmLck"] * 1.01
    )


def wait_returned(pid, before, seconds=20.0):
    """Poll until it has returned; the last reading and whether it had."""
    deadline = time.monotonic() + seconds
    while True:
        now = usage(pid)
        if has_returned(before, now) or time.monotonic() > deadline:
            return now, has_returned(before, now)
        time.sleep(0.05)


def _readable(pid):
    for line in open(f"/proc/{pid}/maps"):
        span, mode, *_ = line.split()
        if mode.startswith("r") and "[vvar" not in line and "[vsyscall" not in line:
            first, last = (int(end, 16) for end in span.split("-"))
            yield first, last, line.split()[5:]


def find_in(data, needles):
    """Which of the needles, by number, are in there."""
    return [number for number, needle in enumerate(needles) if needle in data]


def scan_memory(pid, needles):
    """(needle's number, where) of all found in what /proc/PID/mem gives out, and MiB
    read. The process stands still meanwhile."""
    hits, size = [], 0
    os.kill(pid, signal.SIGSTOP)
    try:
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for first, last, name in _readable(pid):
                data = _read_region(memory, first, last)
                size += len(data)
                where = f"{' '.join(name) or 'anonymous'} {first:x}"
                hits += [(number, where) for number in find_in(data, needles)]
    finally:
        os.kill(pid, signal.SIGCONT)
    return hits, size / 2**20


def _read_region(memory, first, last):
    data = bytearray()
    step = 1 << 20
    for at in range(first, last, step):
        try:
            memory.seek(at)
            data += memory.read(min(step, last - at))
        except (OSError, OverflowError):
            continue  # secret memory, or a page that is not there
    return data
