"""One cell: its virtual environment, `pip check`, and the tests."""

import subprocess
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from xml.etree import ElementTree as ET

from tests.matrix.cells import FOLDER, NEIGHBOURS, Cell

ROOT = Path(__file__).parents[2]

# Neither database nor broker nor collector. The second run is of real services under `opentelemetry-instrument`.
RUNS = (
    ["tests/distro", "-m", "not server and not e2e", "--numprocesses=2"],
    [
        "tests/distro/test_zero_code.py",
        "tests/distro/test_own_providers.py",
        "tests/distro/test_other_distros.py",
    ],
)
OPTIONS = ("-q", "-p", "no:cacheprovider", "--continue-on-collection-errors")
BESIDE = (["tests/distro/test_neighbours.py"],)
SHOWN = ("opentelemetry-sdk", "opentelemetry-instrumentation", "fastapi", "starlette", "wrapt")


@dataclass(frozen=True)
class Outcome:
    """What came of a cell; `failed` has the names of tests, or one line of what went wrong before them."""

    end: str
    python: str
    versions: dict[str, str]
    passed: int
    skipped: int
    failed: list[str]
    conflicts: list[str]
    seconds: float

    @property
    def holds(self) -> bool:
        """Tests were run, and all is well."""
        return self.passed > 0 and not self.failed and not self.conflicts


def run(cell: Cell, cache: Path) -> Outcome:
    """Make or reuse the environment, and run everything in it."""
    started = time.monotonic()
    folder = cache / cell.name
    try:
        _install(cell, folder)
    except subprocess.CalledProcessError as error:
        line = (error.stderr or "").strip().splitlines()[-1:] or [str(error)]
        return Outcome(cell.end, cell.version, {}, 0, 0, [f"installation: {line[0]}"], [], _since(started))
    checked = _pip(folder, "check", check=False)
    conflicts = checked.stdout.splitlines() if checked.returncode else []
    passed = skipped = 0
    failed: list[str] = []
    for number, arguments in enumerate(BESIDE if cell.end == NEIGHBOURS else RUNS):
        report = folder / f"tests-{number}.xml"
        report.unlink(missing_ok=True)
        command = [_python(folder), "-m", "pytest", *OPTIONS, f"--junitxml={report}", *arguments]
        with (folder / f"tests-{number}.log").open("w") as log:
            subprocess.run(command, cwd=ROOT, stdout=log, stderr=log, check=False)
        counts = _counts(report)
        passed, skipped, failed = passed + counts[0], skipped + counts[1], [*failed, *counts[2]]
    return Outcome(cell.end, cell.version, _versions(folder), passed, skipped, failed, conflicts, _since(started))


def _install(cell: Cell, folder: Path) -> None:
    """As a service's environment is made: packages, then the wheel of this checkout."""
    stamp = folder / "installed"
    wanted = _fingerprint(cell)
    if not stamp.exists() or stamp.read_text() != wanted or not cell.is_locked:
        rmtree(folder, ignore_errors=True)
        subprocess.run([cell.interpreter, "-m", "venv", str(folder)], capture_output=True, text=True, check=True)
        # What is not locked in one resolution with this distribution, as a company would have it.
        _pip(folder, "install", *cell.requirements(), *([] if cell.is_locked else [str(ROOT)]))
        stamp.write_text(wanted)
    _pip(folder, "install", "--no-deps", "--force-reinstall", str(ROOT))


def _fingerprint(cell: Cell) -> str:
    name = f"{cell.end}.lock" if cell.is_locked else "tests.in"
    return f"{sha256((FOLDER / name).read_bytes()).hexdigest()} {cell.interpreter}"


def _python(folder: Path) -> str:
    return str(folder / "bin" / "python")


def _pip(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    command = [_python(folder), "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=check)


def _versions(folder: Path) -> dict[str, str]:
    program = f"import importlib.metadata as m\nfor n in {SHOWN!r}: print(n, m.version(n))"
    listed = subprocess.run([_python(folder), "-c", program], capture_output=True, text=True, check=True).stdout
    return dict(line.split() for line in listed.splitlines())


def _counts(report: Path) -> tuple[int, int, list[str]]:
    if not report.exists():
        return 0, 0, [f"no test was run: see {report.with_suffix('.log')}"]
    cases = list(ET.parse(report).iter("testcase"))  # noqa: S314 - our own pytest has just written it
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = [case for case in cases if case.find("skipped") is not None]
    names = [f"{case.get('classname')}::{case.get('name')}" for case in failed]
    return len(cases) - len(failed) - len(skipped), len(skipped), names


def _since(started: float) -> float:
    return round(time.monotonic() - started, 1)
