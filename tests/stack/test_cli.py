"""The command line: one line for each error, exit codes that mean something, help with examples."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from reduse.distro.pseudonym import pseudonym
from reduse.stack import credentials
from reduse.stack.settings import Settings


def reduse(state: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reduse.cli", *arguments],
        env={**os.environ, "REDUSE_STATE_DIR": str(state), "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_wrong_setting_is_one_line_and_exit_status_2(tmp_path: Path) -> None:
    ended = reduse(tmp_path, "status", REDUSE_AGENT_PRT="1")
    assert ended.returncode == 2
    assert ended.stderr == "reduse: REDUSE_AGENT_PRT is not a setting: did you mean REDUSE_AGENT_PORT?\n"


def test_nothing_running_is_exit_status_1(tmp_path: Path) -> None:
    ended = reduse(tmp_path, "status")
    assert (ended.returncode, ended.stdout) == (1, "Nothing is running; `./reduse up` starts it.\n")
    assert json.loads(reduse(tmp_path, "status", "--json").stdout) == []


def test_a_check_without_prometheus_says_so_on_one_line(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        ended = reduse(tmp_path, "check", REDUSE_PROMETHEUS_PORT=str(unused.getsockname()[1]))
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "is the stack up?" in ended.stderr


def test_a_port_in_use_stops_up_before_anything_is_made(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        ended = reduse(state, "up", REDUSE_GATEWAY_PORT=port)
    assert ended.returncode == 1
    assert f"port {port} is in use" in ended.stderr
    assert "REDUSE_GATEWAY_PORT" in ended.stderr
    assert not state.exists()


def test_hash_user_gives_the_pseudonym_of_the_services(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path)
    credentials.create(settings.secrets_dir, partners=1)
    key = credentials.read(settings.secrets_dir, "user_hash_key").encode()
    assert reduse(tmp_path, "hash-user", "partner-00001").stdout == pseudonym(key, "partner-00001") + "\n"


def test_hash_user_before_there_is_a_key_says_what_makes_one(tmp_path: Path) -> None:
    ended = reduse(tmp_path, "hash-user", "partner-00001")
    assert ended.returncode == 1
    assert "`./reduse up` makes it" in ended.stderr


def test_logs_of_an_unknown_part_name_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "agent.log").write_text("ready\n")
    ended = reduse(tmp_path, "logs", "agnet")
    assert ended.returncode == 1
    assert "There are: agent." in ended.stderr
    assert reduse(tmp_path, "logs", "agent").stdout == "ready\n"


@pytest.mark.parametrize("command", ["up", "logs", "test", "hash-user"])
def test_help_has_examples(tmp_path: Path, command: str) -> None:
    ended = reduse(tmp_path, command, "--help")
    assert ended.returncode == 0
    assert "Example" in ended.stdout


def test_settings_lists_every_setting_and_no_secret(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path)
    credentials.create(settings.secrets_dir, partners=1)
    output = reduse(tmp_path, "settings").stdout
    assert all(f"REDUSE_{name.upper()}=" in output for name in Settings.model_fields)
    assert not [name for name in credentials.PASSWORDS if credentials.read(settings.secrets_dir, name) in output]
