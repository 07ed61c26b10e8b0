"""A line is said where there is somebody to hear it, and nowhere else; what cannot be said raises nothing."""

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reduse.distro.base.say import say

SAYS = "from reduse.distro.base.say import say; import os, sys; "


def ended(program: str, shell: str = '"$@"') -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", "-c", f"exec {shell}", "sh", sys.executable, "-c", SAYS + program]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_line_is_written_to_stderr_as_a_whole() -> None:
    assert ended("say('a line')").stderr == "reduse: a line\n"


@pytest.mark.parametrize("redirect", ["2>&-", "2>/dev/full", "2>/dev/null", "2</dev/null"])
def test_a_stderr_that_takes_nothing_neither_fails_the_program_nor_changes_how_it_ends(redirect: str) -> None:
    said = ended("say('a line'); print('goes on')", f'"$@" {redirect}')
    assert (said.returncode, said.stdout, said.stderr) == (0, "goes on\n", "")


class _Refusing(io.StringIO):
    def write(self, _text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("stream", [None, _Refusing(), object()])
def test_a_stderr_of_the_applications_may_be_anything(stream: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    say("a line")


def test_a_stderr_of_the_applications_hears_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = io.StringIO()
    monkeypatch.setattr(sys, "stderr", heard)
    say("a line")
    assert heard.getvalue() == "reduse: a line\n"


@pytest.mark.parametrize(
    ("opened", "hears"),
    [
        ("os.open({path!r}, os.O_WRONLY | os.O_CREAT)", False),
        ("os.open({path!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND)", True),
    ],
    ids=["data", "log"],
)
def test_what_has_taken_the_place_of_stderr_is_written_to_only_if_it_is_a_log(
    tmp_path: Path, opened: str, hears: bool
) -> None:
    path = tmp_path / "opened"
    said = ended(f"os.close(2); assert {opened.format(path=str(path))} == 2; say('a line')")
    assert said.returncode == 0
    assert path.read_text() == ("reduse: a line\n" if hears else "")


def test_a_connection_that_has_taken_the_place_of_stderr_gets_no_line() -> None:
    program = (
        "import socket; a, b = socket.socketpair(); os.dup2(b.fileno(), 2); say('a line'); "
        "a.setblocking(False); print(os.get_inheritable(2)); "
        "\ntry: a.recv(1)\nexcept BlockingIOError: print('nothing')"
    )
    assert ended(program).stdout.splitlines()[-1] == "nothing"


def test_a_line_does_not_wait_in_a_buffer_of_the_applications() -> None:
    assert ended("say('a line'); os._exit(0)").stderr == f"reduse: a line{os.linesep}"
