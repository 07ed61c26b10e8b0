"""Measure what instrumentation adds to the CPU time of a request: `./reduse bench distro`."""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from benchmarks.distro.background import PASSES, measure_background
from benchmarks.distro.counted import counted
from benchmarks.distro.database import measure_databases
from benchmarks.distro.export import EXPORTS, USERS, measure_export
from benchmarks.distro.footprint import STARTS, measure_footprints
from benchmarks.distro.messaging import measure_messaging
from benchmarks.distro.operations import ROUNDS
from benchmarks.distro.report import Report, as_dict, tables
from benchmarks.distro.rounds import FIRST_REQUESTS, Limits, Measurement, measure_rounds
from benchmarks.distro.services import running
from benchmarks.distro.subjects import subjects

INTERRUPTED = 130


def run(limits: Limits, passes: int, users: int, exports: int, starts: int, progress: Console) -> Report:
    """Measure everything, with progress on the console."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compared = subjects(folder)
        with progress.status("An export of many users …") as status:
            export = measure_export(folder, users, exports)
            status.update("Database operations …")
            database = measure_databases(folder, min(limits.rounds, ROUNDS))
            status.update("Messages …")
            messaging = measure_messaging(folder, min(limits.rounds, ROUNDS))
            status.update("Starts: memory, threads, time …")
            footprints = measure_footprints(compared, folder, starts, reporting_steps(progress, "start", starts))
            status.update(f"Starting {len(compared)} services …")
            with running(compared, folder) as services:
                status.update("What goes on in the background …")
                after_pass = reporting_steps(progress, "background: pass", passes)
                measured = Measurement(*measure_background(services.servers, passes, after_pass))
                status.update("Rounds, until the medians are steady …")
                measure_rounds(services.servers, measured, limits, reporting(progress))
                status.update("What the subjects themselves have counted …")
                counts = counted(compared, services, measured.requests)
    return Report(compared, measured, counts, export, database, messaging, footprints)


def reporting_steps(progress: Console, what: str, steps: int) -> Callable[[int], None]:
    """Print a line for each pass over the subjects."""
    return lambda number: progress.print(f"{what} {number} of {steps}", highlight=False)


def reporting(progress: Console) -> Callable[[Measurement], None]:
    """Print the time, and the deciding medians with half of their intervals."""
    started = time.monotonic()

    def report(measured: Measurement) -> None:
        added = {name: measured.added(name) for name in measured.deciding()}
        figures = " · ".join(f"{name} {each.median:+.1f} ± {each.half_width:.1f} µs" for name, each in added.items())
        minutes, seconds = divmod(round(time.monotonic() - started), 60)
        progress.print(f"{minutes}:{seconds:02} round {measured.rounds}: {figures}", highlight=False, soft_wrap=True)

    return report


def interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1200, help="longest time for rounds")
    parser.add_argument("--rounds", type=int, default=0, help="most rounds; 0: until the medians are steady")
    parser.add_argument("--passes", type=int, default=PASSES, help="how often the background is measured")
    parser.add_argument(
        "--first-requests", type=int, default=FIRST_REQUESTS, help="requests to each before the first round"
    )
    parser.add_argument("--users", type=int, default=USERS, help="users in an export")
    parser.add_argument("--exports", type=int, default=EXPORTS, help="how many exports are timed")
    parser.add_argument("--starts", type=int, default=STARTS, help="how often a start is measured")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    limits = Limits(arguments.rounds or sys.maxsize, arguments.seconds, arguments.first_requests)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    progress = Console(stderr=True)
    try:
        report = run(limits, arguments.passes, arguments.users, arguments.exports, arguments.starts, progress)
    except KeyboardInterrupt:
        progress.print("Stopped.")
        sys.exit(INTERRUPTED)
    if arguments.json:
        sys.stdout.write(json.dumps(as_dict(report), indent=1) + "\n")
    else:
        Console().print(tables(report))


if __name__ == "__main__":
    main()
