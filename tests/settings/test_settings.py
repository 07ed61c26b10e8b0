"""A wrong setting is one line that names it and says what to do."""

from pathlib import Path

import pytest

from reduse.errors import SettingError
from reduse.settings.stack import load_settings


def load(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingError) as caught:
        load_settings()
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_an_unknown_setting_is_named_with_the_one_that_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    message = load(monkeypatch, REDUSE_PROMETEUS_PORT="9191")
    assert "REDUSE_PROMETEUS_PORT" in message
    assert "REDUSE_PROMETHEUS_PORT" in message


def test_a_wrong_type_is_named_with_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "REDUSE_AGENT_PORT='four'" in load(monkeypatch, REDUSE_AGENT_PORT="four")


def test_a_port_out_of_range_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "REDUSE_AGENT_PORT='70000'" in load(monkeypatch, REDUSE_AGENT_PORT="70000")


def test_one_port_for_two_parts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    message = load(monkeypatch, REDUSE_AGENT_PORT="5000", REDUSE_GATEWAY_PORT="5000")
    assert "REDUSE_AGENT_PORT" in message
    assert "REDUSE_GATEWAY_PORT" in message


def test_a_collector_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert "REDUSE_OTELCOL" in load(monkeypatch, REDUSE_OTELCOL=str(tmp_path / "otelcol"))


def test_an_unknown_setting_of_the_processor_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "REDUSE_PROCESSOR_TOP_K" in load(monkeypatch, REDUSE_PROCESSOR_TOPK="3")


def test_every_part_has_a_port_of_its_own_by_default() -> None:
    ports = load_settings().ports()
    assert len(set(ports.values())) == len(ports)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDUSE_ALERT_WEBHOOK_URL", "notaurl"),
        ("REDUSE_ALERT_HEARTBEAT_URL", "notaurl"),
        ("REDUSE_ALERT_EMAIL_TO", "team"),
        ("REDUSE_ALERT_SMTP_SERVER", "mail.example.org"),
        ("REDUSE_AGENT_PORT", "0"),
        ("REDUSE_LOAD_RATE", "inf"),
        ("REDUSE_RETENTION", "for ever"),
        ("REDUSE_SECURITY", "maybe"),
    ],
)
def test_a_wrong_value_is_one_line_with_name_value_and_cure(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    message = load(monkeypatch, **{name: value})
    assert f"{name}={value!r}: " in message
    assert "unset it" in message


def test_a_url_that_is_refused_gives_no_secret_away(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "secret" not in load(monkeypatch, REDUSE_ALERT_WEBHOOK_URL="hooks.example.org/services/secret")


@pytest.mark.parametrize("name", ["REDUSE_STATE_DIR", "REDUSE_CACHE_DIR"])
@pytest.mark.parametrize("below", ["", "/below"])
def test_a_file_is_no_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, below: str) -> None:
    file = tmp_path / "file"
    file.touch()
    message = load(monkeypatch, **{name: f"{file}{below}"})
    assert f"{name}={file}{below}: {file} is not a folder" in message


def test_a_root_without_the_project_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "REDUSE_ROOT=/nonexistent" in load(monkeypatch, REDUSE_ROOT="/nonexistent")


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDUSE_CACHE_DIR", "")
    assert load_settings().cache_dir is None


def test_a_relative_folder_is_where_the_caller_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REDUSE_STATE_DIR", "state")
    assert load_settings().state_dir == tmp_path / "state"


@pytest.mark.parametrize(
    "name",
    [
        "REDUSE_USER_RESOLVERS",
        "REDUSE_USER_HASH_KEY_FILE",
        "REDUSE_USER_MODE",
        "REDUSE_DURATION_BOUNDS",
        "REDUSE_TOKEN_FILE",
        "REDUSE_PROCESSOR_TOP_K",
        "REDUSE_QUEUE_DIR",
        "REDUSE_QUEUE_BYTES",
    ],
)
def test_settings_of_services_processors_and_collectors_may_be_set(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "anything")
    load_settings()


def test_an_unknown_setting_beside_them_is_still_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "did you mean REDUSE_USER_RESOLVERS?" in load(monkeypatch, REDUSE_USER_RESOLVER="header:x-api-key")
