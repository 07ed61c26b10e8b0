"""Runs programs one after another: `python -m tests.distro.comparison.run DSN MODE PROGRAM...`.

What each prints is between lines with its name, on stdout and on stderr. It has a database of its own, which is named
after it and MODE.
"""

import importlib
import sys
import traceback


def mark(name: str) -> str:
    """The line before what a program prints."""
    return f"=== {name} ===\n"


def database(name: str, mode: str) -> str:
    """The name of a program's database."""
    return f"{name}_{mode}"


def main(dsn: str, mode: str, *names: str) -> int:
    """1 when a program has failed, else 0."""
    status = 0
    for name in names:
        for stream in (sys.stdout, sys.stderr):
            stream.write(mark(name))
            stream.flush()
        program = importlib.import_module(f"tests.distro.comparison.programs.{name}")
        try:
            program.run(f"{dsn} dbname={database(name, mode)}")
        except Exception:  # noqa: BLE001 - a program that fails is one of several
            traceback.print_exc(file=sys.stdout)
            status = 1
        sys.stdout.flush()
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
