"""Whatever is started when Ctrl-C is pressed is ended by it."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from reduse.stack import commands, interruption
from tests.process import Process

SLEEP = ["sleep", "600"]


@pytest.fixture(autouse=True)
def interrupts() -> Iterator[None]:
    """SIGINT raises KeyboardInterrupt, as in a command."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The process ids of what is started; Ctrl-C is pressed when the process runs and nobody knows it yet."""
    ids: list[int] = []

    class Interrupted(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            ids.append(self.pid)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    return ids


def test_a_signal_within_the_block_comes_at_its_end() -> None:
    done = []

    def interrupted() -> None:
        with interruption.deferred():
            signal.raise_signal(signal.SIGINT)
            done.append("all of the block")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done == ["all of the block"]


def test_afterwards_signals_are_handled_as_before() -> None:
    handler = signal.getsignal(signal.SIGTERM)
    with interruption.deferred():
        pass
    assert signal.getsignal(signal.SIGTERM) is handler
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_a_set_up_command_that_was_just_started_is_ended(started: list[int], tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        commands.run(SLEEP, log=tmp_path / "log", cure="")
    assert not psutil.pid_exists(started[0])


def test_a_process_of_a_test_that_was_just_started_is_ended(started: list[int], tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Process(SLEEP, tmp_path / "log"):
        pass
    assert not psutil.pid_exists(started[0])
