"""Runs one pass of one row: one.py NUMBER RELEASE BUILD IS_ASAN RESULT."""

import json
import pathlib
import subprocess
import sys

import rows  # noqa: F401  registers them
from calm import claim_session
from row import ROWS, Run


def main():
    """Run the row and write its result."""
    number, release, build, is_asan, result = sys.argv[1:]
    if ROWS[int(number)].root:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    if is_asan == "0":
        claim_session()
    run = Run(int(number), pathlib.Path(release), pathlib.Path(build), is_asan == "1")
    pathlib.Path(result).write_text(json.dumps(run.go()))


if __name__ == "__main__":
    main()
