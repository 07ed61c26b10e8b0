"""`./reduse bench processor` becomes the benchmark, so that signals go to it."""

import os
import sys

import pytest

from benchmarks.processor.__main__ import parsed
from reduse.cli import main as cli
from tests.server import ROOT

OPTIONS = ["--seconds", "60", "--rounds", "5", "--users", "1000", "--only", "parse_only", "--only", "peer", "--json"]


def test_the_command_line_gives_its_options_to_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, list[str], str]] = []

    def execv(path: str, arguments: list[str]) -> None:
        started.append((path, arguments, os.getcwd()))  # noqa: PTH109 - compared as it is
        raise SystemExit

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(os, "execv", execv)
    monkeypatch.setattr(sys, "argv", ["reduse", "bench", "processor", *OPTIONS])
    with pytest.raises(SystemExit):
        cli.main()
    ((path, arguments, folder),) = started
    assert path == sys.executable
    assert arguments[:3] == [path, "-m", "benchmarks.processor"]
    assert folder == str(ROOT)
    found = parsed(arguments[3:])
    assert (found.seconds, found.rounds, found.users, found.json) == (60, 5, 1000, True)
    assert found.only == ["parse_only", "peer"]


@pytest.mark.parametrize("wrong", [["--only", "nothing"], ["--users", "19"]])
def test_what_cannot_be_measured_is_refused_by_name(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed(wrong)
    assert wrong[0] in capsys.readouterr().err
