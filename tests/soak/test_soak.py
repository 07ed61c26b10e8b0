"""The stack soaked: for minutes with the quickest faults, and for twenty minutes with all of them."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stack import kill_processes_of

pytestmark = [pytest.mark.server, pytest.mark.e2e]


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not pytest's own folder: the postgres user may not enter it.
    with tempfile.TemporaryDirectory(prefix="reduse-soak-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        yield Path(made)
        kill_processes_of(Path(made))


def soaked(folder: Path, *arguments: str, seconds: float) -> dict[str, Any]:
    """The report of a soak, which has to pass."""
    finished = subprocess.run(
        [sys.executable, "-m", "reduse.cli", "soak", "--json", "--state-dir", str(folder), *arguments],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert finished.stdout, finished.stderr
    report: dict[str, Any] = json.loads(finished.stdout)
    assert report["failures"] == []
    assert finished.returncode == 0
    return report


@pytest.mark.timeout(1300)
def test_quick_faults_cost_what_they_may_and_the_next_piece_goes_on(folder: Path) -> None:
    """Two pieces of 40 seconds: the second finds the data, the counts and the schedule of the first."""
    options = ("--seed", "3", "--hours", "0.0223", "--minutes", "0.67", "--quick", "--alert-wait", "0")
    first = soaked(folder, *options, seconds=600)
    second = soaked(folder, *options, seconds=600)
    assert second["pieces"] == 2
    assert second["faults"][: len(first["faults"])] == first["faults"]
    assert len(second["faults"]) > len(first["faults"]) > 0
    assert sum(number for *_, number in second["sent"]["answers"]) > sum(
        number for *_, number in first["sent"]["answers"]
    )


@pytest.mark.extended
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_faults_cost_what_they_may(folder: Path, seed: int) -> None:
    """Twenty minutes each, and ten more in which alerts end."""
    report = soaked(folder, "--seed", str(seed), seconds=2900)
    assert len({done["planned"]["kind"] for done in report["faults"]}) >= 12
