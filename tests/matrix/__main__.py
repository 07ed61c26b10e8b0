"""The distro's tests at both ends of the ranges of its dependencies, and at what the package index has today.

Run it with `./reduse matrix`.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.matrix.cells import ENDS, VERSIONS, cells, pythons_found
from tests.matrix.running import Outcome, run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--end", action="append", choices=ENDS)
    parser.add_argument("--python", action="append", choices=VERSIONS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = pythons_found()
    wanted = options.python or [version for version in VERSIONS if version in found]
    missing = [version for version in options.python or VERSIONS if version not in found]
    if options.python and missing:
        sys.exit(f"no Python {', '.join(missing)}: install it, or have pyenv do so.")
    outcomes = []
    for cell in cells(options.end or ENDS, {version: found[version] for version in wanted}):
        with Console(stderr=True).status(f"{cell.name} …"):
            outcomes.append(run(cell, options.cache / "matrix"))
    if options.json:
        sys.stdout.write(
            json.dumps({"cells": [asdict(each) | {"holds": each.holds} for each in outcomes], "missing": missing})
            + "\n"
        )
    else:
        _show(outcomes, missing)
    sys.exit(0 if all(each.holds for each in outcomes) else 1)


def _show(outcomes: Sequence[Outcome], missing: Sequence[str]) -> None:
    console = Console()
    table = Table()
    products = ("OpenTelemetry", "FastAPI", "Starlette", "wrapt")
    for heading in ("end", "Python", *products, "passed", "skipped", "pip check"):
        table.add_column(heading)
    for each in outcomes:
        versions = [each.versions.get(name, "") for name in ("opentelemetry-sdk", "fastapi", "starlette", "wrapt")]
        passed = f"{each.passed}" if not each.failed else f"[red]{each.passed}, {len(each.failed)} failed[/]"
        conflicts = "clean" if not each.conflicts else f"[red]{len(each.conflicts)} conflicts[/]"
        table.add_row(each.end, each.python, *versions, passed, str(each.skipped), conflicts)
    console.print(table)
    for each in outcomes:
        for line in (*each.failed, *each.conflicts):
            console.print(f"[red]{each.end} {each.python}:[/] {line}", markup=True, highlight=False)
    if missing:
        console.print(f"Not tried, as there is no interpreter: Python {', '.join(missing)}.")


if __name__ == "__main__":
    main()
