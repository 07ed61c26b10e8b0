"""The command line: one line for each error, exit codes that mean something, help with examples."""

import errno
import json
import os
import socket
from pathlib import Path

import pytest

from reduse.cli import stack
from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.stack import credentials, up
from reduse.stack.installation import Installation
from reduse.wire import user_hash
from tests.cli.conftest import Reduse
from tests.history.windows import windows, write_journal
from tests.ports import free_port


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of that folder, with its secrets made."""
    made = Settings(state_dir=tmp_path / "state")
    credentials.create(made.secrets_dir, credentials.PASSWORDS)
    return made


def test_a_wrong_setting_is_one_line_and_exit_status_2(reduse: Reduse) -> None:
    ended = reduse("status", REDUSE_AGENT_PRT="1")
    assert ended.returncode == 2
    assert ended.stderr == "reduse: REDUSE_AGENT_PRT is not a setting: did you mean REDUSE_AGENT_PORT?\n"


def test_nothing_running_is_exit_status_1(reduse: Reduse) -> None:
    ended = reduse("status")
    assert (ended.returncode, ended.stdout) == (1, "Nothing is running; `./reduse up` starts it.\n")
    assert json.loads(reduse("status", "--json").stdout) == []


def test_a_check_without_prometheus_says_so_on_one_line(reduse: Reduse) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        ended = reduse("check", REDUSE_PROMETHEUS_PORT=str(unused.getsockname()[1]))
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "is the stack up?" in ended.stderr


def test_a_port_in_use_stops_up_before_anything_is_made(reduse: Reduse, tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        ended = reduse("up", REDUSE_GATEWAY_PORT=port)
    assert ended.returncode == 1
    assert f"port {port} is in use" in ended.stderr
    assert "REDUSE_GATEWAY_PORT" in ended.stderr
    assert not (tmp_path / "state").exists()


def test_hash_user_gives_the_pseudonym_of_the_services(reduse: Reduse, settings: Settings) -> None:
    key = secret_files.read(settings.secrets_dir, "user_hash_key").encode()
    assert reduse("hash-user", "partner-00001").stdout == user_hash(key, "partner-00001") + "\n"


def test_hash_user_before_there_is_a_key_says_what_makes_one(reduse: Reduse) -> None:
    ended = reduse("hash-user", "partner-00001")
    assert ended.returncode == 1
    assert "`./reduse up` makes it" in ended.stderr


def test_hash_user_with_half_a_key_is_one_line(reduse: Reduse, settings: Settings) -> None:
    (settings.secrets_dir / "user_hash_key").write_text("short")
    ended = reduse("hash-user", "partner-00001")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)


def test_logs_of_an_unknown_part_name_those_there_are(reduse: Reduse, tmp_path: Path) -> None:
    (tmp_path / "state" / "log").mkdir(parents=True)
    (tmp_path / "state" / "log" / "agent.log").write_text("ready\n")
    ended = reduse("logs", "agnet")
    assert ended.returncode == 1
    assert "There are: agent." in ended.stderr
    assert reduse("logs", "agent").stdout == "ready\n"


def test_history_lists_what_is_recorded_by_all_processors(reduse: Reduse, tmp_path: Path) -> None:
    nothing = reduse("history")
    assert (nothing.returncode, nothing.stdout) == (1, "0 files, 0.0 MiB\n")
    for name in ("processor", "processor-2"):
        folder = tmp_path / "state" / "data" / name / "history"
        folder.mkdir(parents=True)
        write_journal(folder, f"{name}_20260921T14_0", windows(3, service=f"of-{name}"))
    listed = reduse("history", "--json")
    services = {each["service"]: each["windows"] for each in json.loads(listed.stdout)["services"]}
    assert (listed.returncode, services) == (0, {"of-processor": 3, "of-processor-2": 3})
    shown = reduse("history", "--history", str(tmp_path / "state" / "data" / "processor" / "history"))
    assert "2026-09-21T14:00:00Z" in shown.stdout
    assert "of-processor-2" not in shown.stdout


@pytest.mark.parametrize("command", ["up", "logs", "test", "hash-user"])
def test_help_has_examples(reduse: Reduse, command: str) -> None:
    ended = reduse(command, "--help")
    assert ended.returncode == 0
    assert "Example" in ended.stdout


def test_settings_lists_every_setting_and_no_secret(reduse: Reduse, settings: Settings) -> None:
    output = reduse("settings", REDUSE_USER_HASH_KEY="of-this-service-alone").stdout
    assert all(f"REDUSE_{name.upper()}=" in output for name in Settings.model_fields)
    assert "REDUSE_USER_HASH_KEY=…  # a service, environment\n" in output
    assert not [name for name in credentials.PASSWORDS if secret_files.read(settings.secrets_dir, name) in output]


def test_settings_for_a_script_have_value_source_and_readers(reduse: Reduse) -> None:
    found = {each["name"]: each for each in json.loads(reduse("settings", "--json", REDUSE_RETENTION="30d").stdout)}
    assert (found["REDUSE_RETENTION"]["value"], found["REDUSE_RETENTION"]["source"]) == ("30d", "environment")
    assert (found["REDUSE_PROCESSOR_TOP_K"]["value"], found["REDUSE_PROCESSOR_TOP_K"]["source"]) == ("20", "default")
    assert found["REDUSE_PROCESSOR_TOP_K"]["readers"] == ["processor"]


NEEDS_THE_STACK = [
    ["check"],
    ["top", "--once"],
    ["report"],
    ["recommend", "--service", "mes-api"],
    ["drill", "error-burst"],
    ["bench", "freshness"],
]


@pytest.mark.parametrize("command", NEEDS_THE_STACK, ids=" ".join)
def test_without_a_stack_a_command_that_needs_one_is_one_line(reduse: Reduse, command: list[str]) -> None:
    ended = reduse(*command, REDUSE_PROMETHEUS_PORT=str(free_port()))
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "is the stack up?" in ended.stderr or "`./reduse up` starts the stack" in ended.stderr


def test_settings_of_a_service_in_the_same_shell_are_no_fault(reduse: Reduse) -> None:
    readme = {"REDUSE_USER_RESOLVERS": "header:x-api-key", "REDUSE_USER_HASH_KEY_FILE": ".reduse/secrets/user_hash_key"}
    ended = reduse("check", REDUSE_PROMETHEUS_PORT=str(free_port()), **readme)
    assert (ended.returncode, "is the stack up?" in ended.stderr) == (1, True)


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrong",
    [
        {"REDUSE_STATE_DIR": "/proc/x"},
        {"REDUSE_STATE_DIR": "/etc/passwd"},
        {"REDUSE_ROOT": "/nonexistent"},
        {"REDUSE_ALERT_WEBHOOK_URL": "notaurl"},
        {"REDUSE_ALERT_TELEGRAM_CHAT": "12"},
        {"REDUSE_ALERT_EMAIL_TO": "team@example.org"},
        {"REDUSE_PROCESSOR_TOP_K": "many"},
        {"REDUSE_PROCESSOR_TLS_CERT_FILE": "/nonexistent"},
        {"REDUSE_USER_LIMIT": "-1"},
        {"REDUSE_USER_SHARDS": "8"},
        {"REDUSE_AGENT_USER_SHARDS": "mes-api=8"},
        {"REDUSE_AGENT_USER_SHARDS": "mes-api"},
        {"REDUSE_DURATION_BOUNDS": "300ms"},
        {"REDUSE_PROMETHEUS_PORT": "abc"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_up_refuses_a_wrong_setting_in_one_line_before_anything_is_made(
    reduse: Reduse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str]
) -> None:
    # This test must not start anything where it is red.
    monkeypatch.setattr(up, "prepare", lambda *_: pytest.fail("it went on"))
    ended = reduse("up", **{**ports_of_nobody(), **wrong})
    assert ended.returncode == 2
    assert next(iter(wrong)) in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "state").exists()


def ports_of_nobody() -> dict[str, str]:
    return {name: str(free_port()) for name in Installation.of(Settings()).ports()}


def test_a_fault_of_the_system_is_one_line(reduse: Reduse, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/state/run/prometheus")

    monkeypatch.setattr(stack, "statuses", full)
    ended = reduse("status")
    assert (ended.returncode, ended.stderr) == (1, "reduse: /state/run/prometheus: No space left on device.\n")


def test_settings_shows_no_secret_of_a_receivers_url(reduse: Reduse) -> None:
    ended = reduse("settings", REDUSE_ALERT_WEBHOOK_URL="https://hooks.example.org/services/secret")
    assert "REDUSE_ALERT_WEBHOOK_URL=https://hooks.example.org/…  #" in ended.stdout
