"""Measure what users' points cost on Kafka, and how long they take: `./reduse bench scaling`."""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from confluent_kafka import KafkaException
from rich.console import Console
from rich.markup import escape

from benchmarks.processor.traffic import INSTANCES, ROTATION_SECONDS
from benchmarks.scaling.latency import UNMEASURED
from benchmarks.scaling.measuring import Sizes, measure
from benchmarks.scaling.report import figures, table
from reduse.errors import StackError

INTERRUPTED = 130
# Below it an export has no user.
LEAST_USERS = ROTATION_SECONDS * INSTANCES


def interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="reduse bench scaling", description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000, help="users in all; a twentieth in each export")
    parser.add_argument("--seconds", type=int, default=60, help="event time that is sent in each pass")
    parser.add_argument("--latency-seconds", type=int, default=30, help="how long latencies are measured")
    parser.add_argument(
        "--rounds", type=int, default=2, help="of all passes; figures are the medians, the broker's the last"
    )
    parser.add_argument("--json", action="store_true")
    found = parser.parse_args(arguments)
    if found.users < LEAST_USERS:
        parser.error(f"--users is below {LEAST_USERS}, one for each export")
    if found.seconds < 1 or found.rounds < 1:
        parser.error("--seconds and --rounds are at least 1")
    if found.latency_seconds <= UNMEASURED:
        parser.error(f"--latency-seconds: the first {UNMEASURED} are not measured")
    return found


def main() -> None:
    arguments = parsed()
    sizes = Sizes(
        arguments.users // LEAST_USERS * LEAST_USERS, arguments.seconds, arguments.latency_seconds, arguments.rounds
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    console, begun = Console(stderr=True), time.monotonic()

    def told(what: str) -> None:
        minutes, seconds = divmod(round(time.monotonic() - begun), 60)
        console.print(f"{minutes}:{seconds:02} {what}", highlight=False, soft_wrap=True)

    try:
        with tempfile.TemporaryDirectory() as folder:
            found = figures(measure(sizes, Path(folder), told))
    except KeyboardInterrupt:
        console.print("Stopped.")
        sys.exit(INTERRUPTED)
    except (RuntimeError, TimeoutError, KafkaException, StackError) as error:
        console.print(f"[red]bench scaling:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(1)
    if arguments.json:
        sys.stdout.write(json.dumps(found, indent=1) + "\n")
    else:
        Console().print(table(found))


if __name__ == "__main__":
    main()
