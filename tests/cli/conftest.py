"""The command line, called in the process of the tests: to start Python for it takes a second of CPU time each time."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from reduse.cli import main as cli


@dataclass(frozen=True)
class Ended:
    """What a call of the command line left behind."""

    returncode: object
    stdout: str
    stderr: str


Reduse = Callable[..., Ended]


@pytest.fixture
def reduse(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Reduse:
    """Arguments, and environment variables by name; its state is in a folder that is not there yet."""
    monkeypatch.setenv("REDUSE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: str | Path, **environment: str) -> Ended:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["reduse", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        output = capfd.readouterr()
        return Ended(ended.value.code or 0, output.out, output.err)

    return call
