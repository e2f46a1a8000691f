#!/bin/sh
# test_top.sh - sidekey top of a real agent: at a terminal it draws, follows the
# window, notices a restart, and gives the terminal back however it ends; into
# a pipe one text follows the other.
# Usage: test_top.sh BUILD    (in the root of the tree)
# Prints "N passed, N failed".
set -u
exec /usr/bin/python3 -B - "$1" <<'PYTHON'
import fcntl
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

BUILD = os.path.abspath(sys.argv[1])
WORK = tempfile.mkdtemp()
SOCKET = f"{WORK}/s.sock"
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
WAIT_S = 60
counts = {True: 0, False: 0}
agents = []


def expect(sentence, is_right, told=""):
    counts[bool(is_right)] += 1
    if not is_right:
        print(f"FAIL: {sentence}\n{told!r}")


def sidekey(*words):
    return subprocess.run([f"{BUILD}/sidekey", "--socket", SOCKET, *words], capture_output=True, text=True)


def start_agent():
    agents.append(subprocess.Popen([f"{BUILD}/sidekeyd", "--dev", "--socket", SOCKET],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    until = time.monotonic() + WAIT_S
    while sidekey("--quiet", "--timeout", "1s", "health").returncode != 0:
        if time.monotonic() > until:
            sys.exit("the agent does not start")


def stop_agent():
    agents[-1].terminate()
    agents.pop().wait()


class Terminal:
    """sidekey top on a pseudo-terminal of 40 rows of 100 columns."""

    def __init__(self, *words, environment=None):
        self.ours, theirs = os.openpty()
        self.text, self.at = "", 0
        self.resize(40, 100)
        self.before = termios.tcgetattr(self.ours)
        self.process = subprocess.Popen(
            [f"{BUILD}/sidekey", "--socket", SOCKET, "top", *words], stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True, preexec_fn=lambda: self.prepare(theirs),
            env={**os.environ, "TERM": "xterm", "NO_COLOR": "", **(environment or {})})
        os.close(theirs)

    @staticmethod
    def prepare(theirs):
        """In the child."""
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
        # What a shell runs in the background ignores some of them.
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)

    def resize(self, rows, columns):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds):
        """False at the end."""
        if not select.select([self.ours], [], [], max(seconds, 0))[0]:
            return True
        try:
            part = os.read(self.ours, 65536)
        except OSError:
            return False
        self.text += part.decode()
        return part != b""

    def sees(self, pattern):
        """Whether the pattern comes, behind what was seen before."""
        until = time.monotonic() + WAIT_S
        while True:
            found = re.compile(pattern).search(self.text, self.at)
            if found:
                self.at = found.end()
                return True
            if time.monotonic() > until or not self.read(until - time.monotonic()):
                return False

    def frames(self):
        return self.text.count("\x1b[H")

    def end(self):
        """Its exit status, once all that it wrote is read."""
        try:
            while self.process.poll() is None:
                self.read(0.05)
            while self.text.find(LEAVE) < 0 and self.read(0.2):
                pass
        finally:
            self.after = termios.tcgetattr(self.ours)
            os.close(self.ours)
        return self.process.returncode


def is_given_back(top):
    return top.after == top.before and top.text.count(ENTER) == 1 and top.text.rstrip().endswith(LEAVE)


def at_a_terminal():
    top = Terminal("--interval", "200ms")
    expect("the terminal is taken over", top.sees(re.escape(ENTER)), top.text)
    expect("a frame shows the agent", top.sees(r"state .*serving.*\r\n.*agent +sidekeyd/\S+, pid \d+, dev"), top.text)
    expect("while it runs keys are not shown", termios.tcgetattr(top.ours)[3] & (termios.ECHO | termios.ICANON) == 0)
    for _ in range(20):
        sidekey("pubkey", "gate-1")
    # The first of them fails, as there is no key yet: a rate of errors may be coloured.
    expect("a later frame shows what was asked",
           top.sees(r"pubkey +(?!0\.0)\d+\.\d +(\x1b\[33m)? *\d+\.\d(\x1b\[0m)? +\S*[mun]?s +\S*[mun]?s +\d+"),
           top.text[-3000:])
    expect("and top itself", top.sees(r"status +\d+\.\d +0\.0"), top.text[-3000:])
    expect("there are colours", "\x1b[33m" in top.text)
    before = top.frames()
    top.resize(6, 30)
    expect("a smaller window gets what fits", top.sees(r"q quits; \d+ lines m"), top.text[-1000:])
    expect("at once", top.frames() >= before + 1)
    os.write(top.ours, b"x")
    os.write(top.ours, b"q")
    expect("q ends it", top.end() == 0, top.text[-300:])
    expect("and gives the terminal back", is_given_back(top), (top.text[-100:], top.before, top.after))
    expect("there were two frames at least", top.frames() >= 2, top.frames())
    longest = max(len(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line)) for line in top.text.split("\r\n"))
    expect("no line is longer than the window", longest <= 100, longest)


def a_restart():
    top = Terminal("--interval", "200ms", "--timeout", "300ms")
    expect("the agent is shown", top.sees(r"state .*serving"), top.text)
    expect("with rates", top.sees(r"all +(?!0\.0)\d+\.\d"), top.text)
    stop_agent()
    expect("an agent that goes is noticed", top.sees(r"no answer for "), top.text[-2000:])
    start_agent()
    expect("and that another came", top.sees(r"restarts +.*1 seen"), top.text[-2000:])
    expect("rates begin anew", top.sees(r"all +(?!0\.0)\d+\.\d"), top.text[-2000:])
    expect("none is negative", not re.search(r" -\d", top.text), top.text[-2000:])
    top.process.send_signal(signal.SIGINT)
    expect("SIGINT ends it", top.end() == -signal.SIGINT, top.text[-300:])
    expect("and the terminal is given back", is_given_back(top), top.text[-100:])


def other_ends():
    top = Terminal("--interval", "10s")
    expect("it draws before it waits", top.sees("q quits"), top.text)
    top.process.terminate()
    expect("SIGTERM ends it within the wait", top.end() == -signal.SIGTERM, top.text[-300:])
    expect("and the terminal is given back then, too", is_given_back(top), top.text[-100:])
    top = Terminal("--interval", "10s")
    expect("it draws again", top.sees("q quits"), top.text)
    os.write(top.ours, b"\x03")
    expect("control C is SIGINT", top.end() == -signal.SIGINT, top.text[-300:])
    top = Terminal("--interval", "200ms", "--count", "2")
    expect("a count ends it", top.end() == 0, top.text[-300:])
    expect("after so many frames", top.frames() == 2, top.frames())
    expect("of which the last stays", re.search(r"\nstate +", top.text[top.text.rfind(LEAVE):].replace(LEAVE, "\n")),
           top.text[-300:])
    expect("with the terminal as before", top.after == top.before)
    top = Terminal("--interval", "200ms", "--count", "2", environment={"TERM": "dumb"})
    expect("a dumb terminal gets plain text", top.end() == 0 and "\x1b" not in top.text and
           top.text.count("state  ") == 2, top.text)
    top = Terminal("--interval", "200ms", "--count", "1", environment={"NO_COLOR": "1"})
    expect("NO_COLOR is about colours", top.end() == 0 and ENTER in top.text and "\x1b[33m" not in top.text, top.text)


def into_a_pipe():
    told = sidekey("top", "--count", "3", "--interval", "200ms")
    expect("a pipe gets texts", told.returncode == 0 and told.stdout.count("state  ") == 3, told)
    expect("with an empty line between", told.stdout.count("\n\nstate  ") == 2, told.stdout)
    expect("and no control character", not re.search(r"[\x00-\x09\x0b-\x1f]", told.stdout), told.stdout)
    stop_agent()
    told = sidekey("top", "--timeout", "200ms")
    expect("without an agent it ends with 69", told.returncode == 69 and told.stdout == "", told)


try:
    start_agent()
    at_a_terminal()
    a_restart()
    other_ends()
    into_a_pipe()
finally:
    while agents:
        stop_agent()
    shutil.rmtree(WORK)
print(f"{counts[True]} passed, {counts[False]} failed")
sys.exit(counts[False] > 0)
PYTHON
