"""`python -m tests.fuzz.ports`, for `./reduse fuzz --port`."""

import argparse
import json
import secrets
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.fuzz.__main__ import progress
from tests.fuzz.ports.fuzzing import fuzz
from tests.fuzz.ports.running import Result
from tests.fuzz.ports.targets import TARGETS


def options() -> argparse.Namespace:
    """Those of the command line."""
    parser = argparse.ArgumentParser(prog="reduse fuzz")
    parser.add_argument("--port", action="append", choices=[*TARGETS, "all"], required=True)
    parser.add_argument("--payloads", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def text(result: Result) -> str:
    """For people."""
    rate = result.payloads / result.seconds if result.seconds else 0
    answers = ", ".join(f"{answer} {count}" for answer, count in result.answers.most_common())
    sent = f"{result.payloads} payloads in {result.seconds:.0f} s ({rate:.0f}/s), at most {result.memory >> 20} MiB"
    lines = [f"{result.port}, seed {result.seed}: {sent}", f"  answered {answers}"]
    if result.broken:
        return "\n".join([*lines, f"  BROKEN: {result.broken}", f"  payload: {result.saved or 'none'}"])
    return "\n".join([*lines, f"  exact: {result.innocent} of the innocent"])


def main() -> int:
    """Exit status 1 when something does not hold."""
    given = options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    seed = secrets.randbelow(10_000) if given.seed is None else given.seed
    ports = list(TARGETS) if "all" in given.port else given.port
    folder = Path(tempfile.mkdtemp(prefix="reduse-fuzz-"))
    tell, results = progress(), list[Result]()
    try:
        for port in ports:
            results.append(fuzz(port, folder, seed, payloads=given.payloads, seconds=given.seconds, told=tell))
            tell("")
            if not given.json:
                print(text(results[-1]), flush=True)  # noqa: T201 - the result
    except KeyboardInterrupt:
        return 130
    finally:
        if not any(result.broken for result in results):
            shutil.rmtree(folder, ignore_errors=True)
    if given.json:
        print(json.dumps([result.as_dict() for result in results], indent=1))  # noqa: T201 - the result
    return 1 if any(result.broken for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
