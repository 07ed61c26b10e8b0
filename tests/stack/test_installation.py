"""References in a company's file of processes, and which company a command is about."""

import sys
from pathlib import Path

import pytest

from reduse.errors import StackError
from reduse.settings.stack import Settings, load_settings, watch_of_a_new_stack
from reduse.stack.installation import Installation

PROCESSES = """
brokers:
  - name: bus
    port: 6002
    management_port: 6003
    distribution_port: 6004
    names_port: 6005
    definitions: bus/definitions.json
services:
  - name: api
    port: 6010
    python_path: [src, ../shared]
    command: [uvicorn, "api:app", --port, "${port:api}"]
settings:
  - {name: REDUSE_SHOPS, kind: whole number, default: 3, help: How many.}
"""


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """The company's file, with processes beside it."""
    file = tmp_path / "company" / "watch.yaml"
    file.parent.mkdir()
    file.write_text("company: Other\n")
    file.with_name("processes.yaml").write_text(PROCESSES)
    return file


def test_each_reference_stands_for_what_it_says(company: Path, tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state", watch=company)
    installation = Installation.of(settings, {"REDUSE_API_PORT": "7777", "REDUSE_LOAD_RATE": "5"})
    for text, value in {
        "${address:api}": "127.0.0.1:7777",
        "${url:bus.management}/api": "http://127.0.0.1:6003/api",
        "${host:bus} ${port:bus.names}": "127.0.0.1 6005",
        "${secret:key}": str(tmp_path / "state" / "secrets" / "key"),
        "${path:../data}": str(tmp_path / "data"),
        "${setting:REDUSE_SHOPS}": "3",
        "${setting:REDUSE_LOAD_MINUTES}": "30",
        "$HOME {x} ${HOME}": "$HOME {x} ${HOME}",
    }.items():
        assert installation.resolved(text) == value
    [service] = installation.processes.services
    assert installation.command(service.command) == [
        *[str(Path(sys.executable).with_name("uvicorn")), "api:app", "--port", "7777"]
    ]
    assert installation.python_path(service) == f"{company.parent}/src:{tmp_path}/shared"
    assert installation.ports()["REDUSE_BUS_MANAGEMENT_PORT"] == 6003
    with pytest.raises(StackError, match="is called nobody"):
        installation.service("nobody")


def test_its_settings_are_known_and_checked(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDUSE_WATCH", str(company))
    monkeypatch.setenv("REDUSE_SHOPS", "4")
    assert load_settings().watch_file == company
    monkeypatch.setenv("REDUSE_API_PORT", "6002")
    with pytest.raises(StackError, match=r"REDUSE_API_PORT=6002 is also REDUSE_BUS_PORT"):
        load_settings()


def test_commands_are_about_the_stack_that_was_started(
    company: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REDUSE_STATE_DIR", str(tmp_path / "state"))
    reference = Settings().root / "company" / "watch.yaml"
    assert load_settings().watch_file == watch_of_a_new_stack() == reference
    started = load_settings(watch=company)
    assert started.watch_file == company
    started.run_dir.mkdir(parents=True)
    started.remembered_watch_file.write_text(str(company))
    assert load_settings().watch_file == company
    assert watch_of_a_new_stack() == reference
    monkeypatch.setenv("REDUSE_WATCH", str(reference))
    assert load_settings().watch_file == reference
