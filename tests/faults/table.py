"""Runs the rows and prints the table.

table.py --release FOLDER --asan FOLDER [ROW ...]
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import rows  # noqa: F401  registers them
from row import GOALS, ROWS

HERE = pathlib.Path(__file__).resolve().parent
RUNNING = set()  # passes
LANE_NAMES = ("alone", "beside", "crowd")
LANES = 4  # passes side by side where nothing is timed
TRIES = 3  # of a pass that fails on times alone, as on a noisy machine
TIMED = {"G3", "G4"}  # goals that are times


def run_pass(row, release, build, is_asan):
    """One pass in a process of its own; its result."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        argv = [sys.executable, "-B", HERE / "one.py", row.number, release, build]
        argv = [*map(str, argv), "1" if is_asan else "0", file.name]
        if row.root:
            argv = ["unshare", "-n", "-m", *argv]
        process = subprocess.Popen(
            argv,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        RUNNING.add(process)
        try:
            _, errors = process.communicate(timeout=row.seconds)
        except subprocess.TimeoutExpired:
            errors = f"not done after {row.seconds} s"
        finally:
            end_session(process.pid)
            RUNNING.discard(process)
        text = pathlib.Path(file.name).read_text()
    result = json.loads(text) if text else broken(errors)
    tell(row, is_asan, result)
    return result


def tell(row, is_asan, result):
    """Progress, for who watches: the table comes in order, and so late."""
    build = "asan" if is_asan else "release"
    what = f"row {row.number} on {build}: {verdict_of(result)}"
    print(f"{what}, {result['seconds']:.0f} s", file=sys.stderr, flush=True)


def end_session(leader):
    """End what a pass started and left running."""
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            pid = int(path.name)
            if os.getsid(pid) == leader:
                os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def end_all(*_):
    """When the table itself is told to end."""
    for process in list(RUNNING):
        end_session(process.pid)
    os._exit(130)


def broken(errors):
    """The result of a pass that gave none."""
    return {
        "injected": 0,
        "goals": {},
        "complaints": [errors.strip()[-600:] or "it died"],
        "late": [],
        "notes": [],
        "skip": None,
        "seconds": 0,
    }


def failures(result):
    """The goals that were measured and missed."""
    return [goal for goal, (met, _) in result["goals"].items() if met is False]


def run_measured(row, release, build, is_asan):
    """A pass; again when nothing but times are wrong."""
    result = run_pass(row, release, build, is_asan)
    for _ in range(1, TRIES):
        missed = failures(result)
        if result["complaints"] or not (missed or result["late"]) or set(missed) - TIMED:
            break
        was = [f"{goal} {result['goals'][goal][1]}" for goal in missed] + result["late"]
        result = run_pass(row, release, build, is_asan)
        result["notes"].append(f"measured again: it was {', '.join(was)}")
    return result


def join(result, sanitized):
    """Put what the sanitizer pass found into the release pass's result."""
    if sanitized is None or result["skip"]:
        return result
    met, text = result["goals"].get("G1", (None, ""))
    clean, how = sanitized["goals"].get("G1", (None, "no end"))
    verdict = "asan ok" if clean else f"asan: {how}"
    if met is not None:
        result["goals"]["G1"] = (met and clean, f"{text}, {verdict}")
    found = sanitized["complaints"] + sanitized["late"]
    result["complaints"] += [f"asan: {text}" for text in found]
    result["notes"] += [f"asan: {text}" for text in sanitized["notes"]]
    for goal in failures(sanitized):
        result["complaints"].append(f"asan {goal}: {sanitized['goals'][goal][1]}")
    return result


def verdict_of(result):
    """pass, fail or skip."""
    if result["skip"]:
        return "skip"
    is_bad = result["complaints"] or result["late"] or failures(result)
    return "fail" if is_bad else "pass"


def cell(result, goal):
    """What the table shows of a goal."""
    met, text = result["goals"].get(goal, (None, "the row ended before"))
    if met is None:
        return f"not measured: {text}"
    return text if met else f"MISSED {text}"


def show(row, result):
    """The row's lines of the table."""
    verdict = verdict_of(result)
    print(f"{row.number:2} | {row.fault} | {row.how} x{result['injected']} | {verdict}")
    if result["skip"]:
        print(f"   |   {result['skip']}")
    else:
        cells = [f"{goal} {cell(result, goal)}" for goal in GOALS]
        print("   |   " + " | ".join(cells))
    for text in result["notes"]:
        print(f"   |   note: {text}")
    for text in result["complaints"] + result["late"]:
        print(f"   |   FAILED: {' '.join(text.split())}")
    sys.stdout.flush()
    return verdict


def has_namespaces():
    """Whether rows may have namespaces of their own."""
    if os.geteuid() != 0:
        return False
    argv = ["unshare", "-n", "-m", "true"]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def skipped(reason):
    """The result of a row that cannot run here."""
    return {**broken(""), "complaints": [], "skip": reason}


def run_all(chosen, release, asan):
    """Yield each row with its result, in order.

    Rows that wait for long run beside the others from the beginning; what is timed
    runs alone; the rest, and the sanitizer passes, run side by side in the end.
    """
    lanes = {lane: [r for r in chosen if r.lane == lane] for lane in LANE_NAMES}
    with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
        def later(r, build, is_asan):
            return pool.submit(run_measured, r, release, build, is_asan)

        futures = {r: later(r, release, False) for r in lanes["beside"]}
        results = {r: run_measured(r, release, release, False) for r in lanes["alone"]}
        futures |= {r: later(r, release, False) for r in lanes["crowd"]}
        passes = {r: later(r, asan, True) for r in chosen if r.asan}
        results |= {r: future.result() for r, future in futures.items()}
        for r in chosen:
            yield r, join(results[r], passes[r].result() if r in passes else None)


def main():
    """Run what was asked for; the exit status says whether all passed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--release", type=pathlib.Path, required=True)
    parser.add_argument("--asan", type=pathlib.Path, required=True)
    parser.add_argument("rows", nargs="*", type=int)
    options = parser.parse_args()
    signal.signal(signal.SIGINT, end_all)
    signal.signal(signal.SIGTERM, end_all)
    wanted = options.rows or sorted(ROWS)
    chosen = [ROWS[number] for number in wanted]
    began = time.monotonic()
    counts = {"pass": 0, "fail": 0, "skip": 0}
    able = [r for r in chosen if not r.root or has_namespaces()]
    for r in chosen:
        if r not in able:
            counts[show(r, skipped("needs root and namespaces, as CI has them"))] += 1
    for r, result in run_all(able, options.release, options.asan):
        counts[show(r, result)] += 1
    print(f"in {time.monotonic() - began:.0f} s")
    print(f"{counts['pass']} passed, {counts['fail']} failed, {counts['skip']} skipped")
    return 1 if counts["fail"] else 0


if __name__ == "__main__":
    sys.exit(main())
