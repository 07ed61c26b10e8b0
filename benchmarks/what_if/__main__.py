"""Make a history, as the processor writes it, and replay it: `./reduse bench what-if`."""

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from reduse.history import journal, names
from reduse.history.numbers import first_number
from reduse.history.reading import read
from reduse.history.rows import WindowRows
from reduse.limit import parse_limit
from reduse.processor.history import parquet
from reduse.processor.history.history import ROWS_LIMIT
from reduse.what_if.limiter import Kind, Limiter
from reduse.what_if.reading import Question, ask

SERVICE, SOURCE = "benchmark", "benchmark"
HOUR = 3600
BEGIN = 1_790_000_000 // HOUR * HOUR
SECOND = 1_000_000_000


@dataclass(frozen=True)
class Measured:
    """CPU seconds of one thread: as measured, and scaled to an hour with as many rows a second."""

    what: str
    seconds: float
    hour_seconds: float
    rows_per_second: float


def windows(users: int, rows: int, seconds: int) -> Iterator[WindowRows]:
    """Each second as many of the users, by chance, with one to three requests each."""
    random = np.random.default_rng(1)
    hashes = np.unique(random.integers(0, 2**64, users, dtype=np.uint64))
    for number in range(seconds):
        chosen = hashes[np.flatnonzero(random.random(len(hashes)) < rows / users)]
        counts = random.integers(1, 4, len(chosen))
        zeros = np.zeros(len(chosen), np.int64)
        totals = ((500, 500_000), (0, 0), (0, 0))
        numbers = first_number(BEGIN) + number
        yield WindowRows(
            SERVICE,
            BEGIN + number,
            numbers,
            totals,
            ("",),
            chosen,
            zeros.astype(np.uint8),
            counts,
            zeros,
            counts * random.integers(500, 20_000, len(chosen)),
        )


def make(folder: Path, users: int, rows: int, seconds: int) -> None:
    """Files of as many rows as the processor's have."""
    together, part = max(1, ROWS_LIMIT // rows), 0
    waiting: list[WindowRows] = []
    for number, window in enumerate(windows(users, rows, seconds)):
        waiting.append(window)
        if len(waiting) == together or number == seconds - 1:
            name = folder / str(names.PartName(SOURCE, BEGIN, part))
            path = name.with_suffix(names.JOURNAL)
            path.write_bytes(b"".join(part for each in waiting for part in journal.pack(each)))
            descriptor = os.open(path, os.O_RDONLY)
            parquet.write(descriptor, list(journal.entries(descriptor)), SOURCE, name.with_suffix(names.PARQUET))
            os.close(descriptor)
            path.unlink()
            waiting, part = [], part + 1
    (folder / f"{SOURCE}{names.WHOLE}").touch()


def questions() -> dict[str, list[Limiter]]:
    minute, five = parse_limit("7.5/minute"), [parse_limit(f"{limit}/second") for limit in (1, 2, 5, 10, 20)]
    return {
        "token bucket": [Limiter(minute, 20)],
        "token bucket, most rejected": [Limiter(minute, 3)],
        "fixed window": [Limiter(minute, 20, Kind.FIXED_WINDOW)],
        "moving window": [Limiter(minute, 20, Kind.MOVING_WINDOW)],
        "five token buckets": [Limiter(limit, 2 * limit.requests) for limit in five],
    }


def measure(folder: Path, seconds: int, only: Collection[str] = ()) -> tuple[int, list[Measured]]:
    """Rows, and what it took: to read them, and to ask each question, or only these."""
    end = BEGIN + seconds
    rows = read(folder, SERVICE, BEGIN * SECOND, end * SECOND).rows
    found = []

    def note(what: str, begun: float) -> None:
        taken = time.process_time() - begun
        found.append(Measured(what, taken, taken * HOUR / seconds, rows / taken))

    # Loops are compiled before they are measured.
    ask([folder], Question(SERVICE, BEGIN, BEGIN + 1, [each for all_of in questions().values() for each in all_of]))
    begun = time.process_time()
    for _ in read(folder, SERVICE, BEGIN * SECOND, end * SECOND):
        pass
    note("reading alone", begun)
    for what, limiters in questions().items():
        if only and what not in only:
            continue
        begun = time.process_time()
        ask([folder], Question(SERVICE, BEGIN, end, limiters))
        note(what, begun)
    return rows, found


def main() -> None:
    parser = argparse.ArgumentParser(prog="./reduse bench what-if", description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=100_000, help="a second")
    parser.add_argument("--seconds", type=int, default=360, help="that are recorded; figures are scaled to an hour")
    parser.add_argument("--only", action="append", choices=[*questions()], help="ask only this; can be given again")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), given.users, given.rows, given.seconds)
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        rows, found = measure(Path(folder), given.seconds, given.only or ())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if given.json:
        answer = {
            "users": given.users,
            "rows": rows,
            "seconds": given.seconds,
            "bytes": size,
            "peak_mib": memory,
            "measured": [asdict(each) for each in found],
        }
        print(json.dumps(answer, indent=1))  # noqa: T201
        return
    print(f"{rows:,} rows of {given.users:,} users in {given.seconds} s, {size / 2**20:.0f} MiB; peak {memory:.0f} MiB")  # noqa: T201
    print(f"{'':28}{'CPU s':>8}{'of an hour':>12}{'million rows/s':>16}")  # noqa: T201
    for each in found:
        print(f"{each.what:28}{each.seconds:>8.2f}{each.hour_seconds:>10.1f} s{each.rows_per_second / 1e6:>16.1f}")  # noqa: T201


if __name__ == "__main__":
    main()
