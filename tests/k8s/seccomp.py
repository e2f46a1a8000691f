#!/usr/bin/python3
"""seccomp.py - the container's seccomp profile: what the agent allows itself
(agent/sys/seccomp_calls.c), and what comes before it does.

usage: seccomp.py            says whether contrib/k8s/seccomp/sidekeyd.json is so
       seccomp.py --write    makes it so"""

import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROFILE = os.path.join(ROOT, "contrib/k8s/seccomp/sidekeyd.json")

# The runtime's last steps, the loader, the parent of --supervise, and the
# sandbox that the agent puts itself under.
BEFORE = """
    arch_prctl access bind brk capget capset chdir clone clone3 execve exit_group faccessat2 fork fstatfs getdents64
    getppid kill landlock_add_rule landlock_create_ruleset landlock_restrict_self listen mmap mprotect munmap
    pidfd_getfd pidfd_open pidfd_send_signal pipe2 ppoll prctl pread64 prlimit64 recvmsg rt_sigsuspend
    rt_sigtimedwait seccomp sendmsg set_tid_address setgid setgroups setrlimit setsid setuid signalfd4 socket socketpair
    statx umask unlink unlinkat vfork wait4 waitid
"""


def profile():
    with open(os.path.join(ROOT, "agent/sys/seccomp_calls.c"), encoding="utf-8") as file:
        own = set(re.findall(r'(?:ANY\("|\{ ")(\w+)(?:"\)|", SKD_SECCOMP_ALLOW)', file.read()))
    if len(own) < 100:
        sys.exit("the allowlist of agent/sys/seccomp_calls.c was not found")
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": 1,
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
        "syscalls": [{"names": sorted(own | set(BEFORE.split())), "action": "SCMP_ACT_ALLOW"}],
    }


def main():
    text = json.dumps(profile(), indent=2) + "\n"
    if sys.argv[1:] == ["--write"]:
        with open(PROFILE, "w", encoding="utf-8") as file:
            file.write(text)
        return
    with open(PROFILE, encoding="utf-8") as file:
        if file.read() != text:
            sys.exit("contrib/k8s/seccomp/sidekeyd.json is out of date: run tests/k8s/seccomp.py --write")


if __name__ == "__main__":
    main()
