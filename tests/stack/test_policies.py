"""Policies of the company's file reach the services that the stack starts, and every processor."""

from pathlib import Path

import pytest

from reduse.settings.stack import Settings
from reduse.stack import parts
from reduse.stack.company_processes import service_environment
from reduse.stack.installation import Installation

WATCH = """
company: Tickets
services:
  - name: tickets
    users: true
    policies:
      - {name: seats, routes: [GET /seats], limits: [{requests: 60, per: minute, burst: 5}]}
  - {name: mail}
"""
PROCESSES = """
services:
  - {name: tickets, port: 6010, command: [uvicorn, "api:app"]}
  - {name: mail, port: 6011, command: [uvicorn, "mail:app"]}
"""
LIMITS = "REDUSE_PROCESSOR_POLICY_LIMITS"


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    file = tmp_path / "watch.yaml"
    file.write_text(WATCH)
    file.with_name("processes.yaml").write_text(PROCESSES)
    return Installation.of(Settings(state_dir=tmp_path / "state", watch=file), {})


def test_a_service_that_the_stack_starts_has_its_policies(installation: Installation) -> None:
    given = [service_environment(service, installation) for service in installation.processes.services]
    assert [each.get("REDUSE_USER_POLICIES") for each in given] == ["seats=GET /seats", None]


def test_processors_and_workers_have_the_limits_and_a_setting_of_their_own_comes_first(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = installation.settings
    made = [parts.processor(settings), parts.worker(settings, "processor", 1)]
    assert [part.environment[LIMITS] for part in made] == ["tickets/seats=60/minute@5"] * 2
    monkeypatch.setenv(LIMITS, "tickets/seats=7/hour")
    assert parts.processor(settings).environment[LIMITS] == "tickets/seats=7/hour"
