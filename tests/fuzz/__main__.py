"""`python -m tests.fuzz`, for `./reduse fuzz`."""

import argparse
import json
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.running import Result, fuzz

MINUTE = 60.0


def options() -> argparse.Namespace:
    """Those of the command line."""
    parser = argparse.ArgumentParser(prog="reduse fuzz")
    parser.add_argument("--otelcol", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--prometheus", default="prometheus")
    parser.add_argument("--store")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def progress() -> Callable[[str], None]:
    """On a terminal a line that changes, else a line a minute."""
    if not sys.stderr.isatty():
        return _each_minute()

    def tell(text: str) -> None:
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()

    return tell


def _each_minute() -> Callable[[str], None]:
    told = time.monotonic()

    def tell(text: str) -> None:
        nonlocal told
        if text and time.monotonic() - told >= MINUTE:
            told = time.monotonic()
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()

    return tell


def text(result: Result) -> str:
    """For people."""
    left_out = ", ".join(f"{count} {reason}" for reason, count in sorted(result.left_out.items()))
    answers = ", ".join(f"{code} {count}" for code, count in sorted(result.answers.items()))
    ended = f"{result.stored} stored + {result.left_out.total()} left out ({left_out or 'none'})"
    lines = [
        f"seed {result.seed}: {result.payloads} payloads, answered {answers}",
        f"points: {result.accepted} accepted by the gateway = {ended}",
    ]
    lines += [f"the store refused {count} times: {said}" for said, count in result.refusals.most_common(20)]
    if result.broken:
        return "\n".join([*lines, f"BROKEN: {result.broken}", f"payloads: {result.saved}"])
    return "\n".join([*lines, f"exact: {result.innocent_exports} exports of the innocent, {result.markers} markers"])


def main() -> int:
    """Exit status 1 when something does not hold."""
    given = options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    number = secrets.randbelow(10_000) if given.seed is None else given.seed
    folder = Path(tempfile.mkdtemp(prefix="reduse-fuzz-"))
    kept = False
    tell = progress()
    try:
        result = fuzz(
            given.otelcol,
            folder,
            seconds=given.seconds,
            number=number,
            prometheus=given.prometheus,
            store=given.store,
            told=tell,
        )
        kept = bool(result.broken)
    except KeyboardInterrupt:
        return 130
    finally:
        tell("")
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(result.as_dict(), indent=1) if given.json else text(result))  # noqa: T201 - the result
    return 1 if result.broken else 0


if __name__ == "__main__":
    sys.exit(main())
