"""A set-up command that fails says what it printed, where the rest is, and what to do."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from reduse.stack import commands
from tests.waiting import wait_until


@pytest.fixture(autouse=True)
def not_cancelled() -> Iterator[None]:
    yield
    commands.cancelled.clear()


def test_a_failure_carries_the_end_of_the_output_and_the_cure(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pytest.raises(commands.CommandError) as caught:
        commands.run(["sh", "-c", "seq 100; exit 3"], log=log, cure="Count less.")
    assert "(3)" in str(caught.value)
    assert "| 100" in str(caught.value)
    assert "Count less." in str(caught.value)
    assert str(log) in str(caught.value)


def test_a_program_that_is_not_there_is_an_error_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(commands.CommandError, match=r"No such file or directory\. Install it\."):
        commands.run(["/nonexistent"], log=tmp_path / "log", cure="Install it.")


@pytest.mark.slow
def test_ctrl_c_ends_a_command_with_its_children(tmp_path: Path) -> None:
    started = tmp_path / "started"

    def cancel() -> None:
        with suppress(TimeoutError):
            wait_until(started.exists, "the start of the command")
        commands.cancelled.set()

    threading.Thread(target=cancel).start()
    with pytest.raises(KeyboardInterrupt):
        commands.run(["sh", "-c", f"touch {started}; sleep 60 & wait"], log=tmp_path / "log", cure="")
    assert started.exists()
