"""Each fault is found by its alert, which comes to a webhook through Alertmanager, and ends when it is mended."""

import json
import signal
import sys
from pathlib import Path

import pytest

from reduse.stack import alertmanager
from reduse.stack.drill import catalogue
from reduse.stack.store.chosen import running
from tests.e2e.stack import Stack
from tests.process import Process
from tests.waiting import wait_until

pytestmark = [pytest.mark.server, pytest.mark.e2e]

# A stack that has just started has no history that would hide a fault, and windows are a tenth as long.
SPEED = 10


@pytest.mark.timeout(900)
def test_every_drill_is_detected_and_resolved(stack: Stack) -> None:
    before = files(stack)
    finished = stack.reduse("drill", "--all", f"--speed={SPEED}", "--json", timeout=800)
    results = json.loads(finished.stdout)
    assert [result["drill"] for result in results] == [drill.name for drill in catalogue.drills(stack.installation)]
    failed = [result for result in results if not result["passed"]]
    assert failed == [], json.dumps(failed)
    assert finished.returncode == 0
    assert files(stack) == before, "rules and receivers are put back"


def files(stack: Stack) -> dict[str, str]:
    rules = running(stack.settings).rules.glob("*.yaml")
    return {path.name: path.read_text() for path in (alertmanager.path(stack.settings), *rules)}


def test_ctrl_c_mends_the_fault_and_puts_everything_back(stack: Stack, tmp_path: Path) -> None:
    before, taken = files(stack), "sum(job_instance:postgresql_backends:sum{job='mes-db'})"
    few = stack.prometheus.scalar(taken) or 0.0
    command = [sys.executable, "-m", "reduse.cli", "drill", "connection-leak"]
    with Process(command, tmp_path / "log", environment=stack.environment) as drill:
        drill.wait_until(lambda: (stack.prometheus.scalar(taken) or 0.0) > few + 10)
        assert drill.interrupt() not in (0, -signal.SIGKILL), drill.output()
    assert files(stack) == before
    wait_until(lambda: (stack.prometheus.scalar(taken) or 0.0) <= few + 5, "the end of the leak")


def test_a_drill_that_is_not_there_is_refused_with_those_that_are(stack: Stack) -> None:
    finished = stack.reduse("drill", "nonsense")
    assert finished.returncode != 0
    assert "poison-messages" in finished.stderr
