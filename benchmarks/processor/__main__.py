"""Measure what the processor gets out of a second of CPU, beside other ways: `./reduse bench processor`."""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from benchmarks.processor.memory import BYTES_PER_USER, measure_memory
from benchmarks.processor.report import Report, as_dict, tables
from benchmarks.processor.rounds import Limits, Measurement, measure_rounds
from benchmarks.processor.small_windows import SMALL_WINDOWS, measure_small_windows
from benchmarks.processor.subjects import NAMES, Sizes, missing, running
from benchmarks.processor.traffic import INSTANCES, ROTATION_SECONDS, SECOND, Traffic

INTERRUPTED = 130
ROUNDS = 20
SECONDS = 900
# Below it an export has no user.
LEAST_USERS = ROTATION_SECONDS * INSTANCES

# The processor refuses what is ahead of the clock, and traffic is faster than the clock.
_EVENT_TIME_BEHIND_SECONDS = 3600


def run(names: Sequence[str], limits: Limits, sizes: Sizes, progress: Console) -> Report:
    """Measure what is named, with progress on the console."""
    lacking = missing(names)
    for name, reason in lacking.items():
        progress.print(f"{name} is left out: {reason}", highlight=False, soft_wrap=True)
    rated = [name for name in names if name not in (*lacking, BYTES_PER_USER, SMALL_WINDOWS)]
    with tempfile.TemporaryDirectory() as folder, progress.status("The traffic …") as status:
        begin = (time.time_ns() // SECOND - _EVENT_TIME_BEHIND_SECONDS) * SECOND
        traffic = Traffic(sizes.users, begin)
        measured = Measurement()
        if rated:
            status.update(f"Starting {', '.join(rated)} …")
            with running(rated, Path(folder), sizes) as subjects:
                status.update("Rounds …")
                measured = measure_rounds(subjects, traffic, sizes.slice_seconds, limits, reporting(progress))
        memory = None
        if BYTES_PER_USER in names:
            status.update(f"The memory of {sizes.users:,} users …")
            memory = measure_memory(sizes.users, sizes.memory_seconds)
        small = None
        if SMALL_WINDOWS in names:
            status.update("Windows of few users …")
            small = measure_small_windows()
    return Report.of(traffic, measured, memory, small, lacking)


def reporting(progress: Console) -> Callable[[Measurement], None]:
    """Print the time, and the figures of the round in thousands."""
    started = time.monotonic()

    def report(measured: Measurement) -> None:
        figures = " · ".join(f"{name} {dps[-1] / 1000:,.0f}" for name, dps in sorted(measured.dps.items()))
        minutes, seconds = divmod(round(time.monotonic() - started), 60)
        text = f"{minutes}:{seconds:02} round {measured.rounds}, thousand points a second of CPU: {figures}"
        progress.print(text, highlight=False, soft_wrap=True)

    return report


def interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="reduse bench processor", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="no round begins after these")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="most rounds")
    parser.add_argument("--users", type=int, default=Sizes.users, help="users in all; a twentieth in each export")
    parser.add_argument("--only", action="append", choices=NAMES, help="measure only this; can be given again")
    parser.add_argument("--slice-seconds", type=int, default=Sizes.slice_seconds, help="event time in a slice")
    parser.add_argument("--prometheus-users", type=int, default=Sizes.prometheus_users)
    parser.add_argument("--prometheus-seconds", type=int, default=Sizes.prometheus_seconds)
    parser.add_argument("--memory-seconds", type=int, default=Sizes.memory_seconds)
    parser.add_argument("--json", action="store_true")
    found = parser.parse_args(arguments)
    if found.users < LEAST_USERS:
        parser.error(f"--users is below {LEAST_USERS}, one for each export")
    return found


def main() -> None:
    arguments = parsed()
    sizes = Sizes(
        arguments.users // LEAST_USERS * LEAST_USERS,
        arguments.prometheus_users,
        arguments.slice_seconds,
        arguments.prometheus_seconds,
        arguments.memory_seconds,
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    progress = Console(stderr=True)
    try:
        limits = Limits(arguments.rounds, arguments.seconds)
        report = run(arguments.only or NAMES, limits, sizes, progress)
    except KeyboardInterrupt:
        progress.print("Stopped.")
        sys.exit(INTERRUPTED)
    except RuntimeError as error:
        progress.print(f"[red]bench processor:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(1)
    if arguments.json:
        sys.stdout.write(json.dumps(as_dict(report), indent=1) + "\n")
    else:
        Console().print(tables(report))


if __name__ == "__main__":
    main()
