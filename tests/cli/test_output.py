"""The command line writes into old terminals, closed pipes and nothing at all: never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ports import free_port

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-m", "reduse.cli"]
LETTERS = "Кириллица"


def environment(folder: Path, **variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    return {
        **kept,
        "REDUSE_STATE_DIR": str(folder / LETTERS),
        "REDUSE_PROMETHEUS_PORT": str(free_port()),
        **variables,
    }


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LANG": "C", "PYTHONUTF8": "0"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"NO_COLOR": "1", "TERM": "dumb", "HOME": "/nonexistent"},
    ],
)
@pytest.mark.parametrize("command", [["drill"], ["logs", "агент"]])
def test_letters_that_cannot_be_shown_are_no_fault(
    tmp_path: Path, variables: dict[str, str], command: list[str]
) -> None:
    ended = subprocess.run(
        [*COMMAND, *command], env=environment(tmp_path, **variables), capture_output=True, timeout=60, check=False
    )
    assert b"Traceback" not in ended.stderr
    assert ended.returncode == (1 if command[0] == "logs" else 0)
    assert len(ended.stderr.splitlines()) == ended.returncode


def test_a_folder_is_the_same_in_every_locale(tmp_path: Path) -> None:
    log = tmp_path / LETTERS / "log" / "agent.log"
    log.parent.mkdir(parents=True)
    log.write_text("ready\n")
    variables = environment(tmp_path, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    output = subprocess.check_output([*COMMAND, "logs", "agent"], env=variables, timeout=60)
    assert output == b"ready\n"


@pytest.mark.parametrize("command", ["--help", "settings"])
def test_a_reader_that_goes_away_is_no_fault(tmp_path: Path, command: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [*COMMAND, command], env=environment(tmp_path), stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(writing)
    assert ended.stderr == b""


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-"])
def test_nowhere_to_write_is_no_fault(tmp_path: Path, closed: str) -> None:
    script = f'"$0" -m reduse.cli settings {closed}'
    ended = subprocess.run(
        ["sh", "-c", script, sys.executable], env=environment(tmp_path), capture_output=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_full_disk_under_the_output_is_one_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [*COMMAND, "settings"],
            env=environment(tmp_path),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert b"Traceback" not in ended.stderr
    assert ended.stderr.count(b"\n") == 1
    assert ended.returncode != 0


def test_a_working_folder_that_is_gone_is_no_fault(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    ended = subprocess.run(
        ["sh", "-c", 'rmdir "$PWD"; "$0" -m reduse.cli settings', sys.executable],
        cwd=gone,
        env=environment(tmp_path),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
