"""`./reduse bench scaling` becomes the benchmark, so that signals go to it."""

import os
import sys

import pytest

from benchmarks.scaling.__main__ import parsed
from reduse.cli import main as cli
from tests.server import ROOT

OPTIONS = ["--users", "1000", "--seconds", "30", "--latency-seconds", "20", "--rounds", "2", "--json"]


def test_the_command_line_gives_its_options_to_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, list[str]]] = []

    def execv(path: str, arguments: list[str]) -> None:
        started.append((path, arguments))
        raise SystemExit

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(os, "execv", execv)
    monkeypatch.setattr(sys, "argv", ["reduse", "bench", "scaling", *OPTIONS])
    with pytest.raises(SystemExit):
        cli.main()
    ((path, arguments),) = started
    assert arguments[:3] == [path, "-m", "benchmarks.scaling"]
    found = parsed(arguments[3:])
    assert (found.users, found.seconds, found.latency_seconds, found.rounds, found.json) == (1000, 30, 20, 2, True)


@pytest.mark.parametrize("wrong", [["--users", "19"], ["--latency-seconds", "5"], ["--rounds", "0"]])
def test_what_cannot_be_measured_is_refused_by_name(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed(wrong)
    assert wrong[0] in capsys.readouterr().err
