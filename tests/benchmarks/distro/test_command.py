"""`./reduse bench distro` becomes the benchmark, so that signals go to it."""

import os
import sys

import pytest

from reduse.cli import main as cli
from tests.server import ROOT


def test_the_command_line_gives_its_options_to_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, list[str], str]] = []

    def execv(path: str, arguments: list[str]) -> None:
        started.append((path, arguments, os.getcwd()))  # noqa: PTH109 - compared as it is
        raise SystemExit

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(os, "execv", execv)
    monkeypatch.setattr(sys, "argv", ["reduse", "bench", "distro", "--seconds", "60", "--rounds", "5", "--json"])
    with pytest.raises(SystemExit):
        cli.main()
    ((path, arguments, folder),) = started
    assert path == sys.executable
    assert arguments == [path, "-m", "benchmarks.distro", "--seconds=60", "--rounds=5", "--json"]
    assert folder == str(ROOT)
