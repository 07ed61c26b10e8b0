"""Who is told: the receivers that the settings ask for, and nothing of them anywhere else."""

from pathlib import Path
from typing import Any

import pytest

from reduse.errors import SettingError
from reduse.settings.stack import Settings
from reduse.stack import alertmanager
from reduse.stack.commands import CommandError
from reduse.stack.packages import AMTOOL
from reduse.yaml_text import read_yaml

ROOT = Path(__file__).parents[2]


def receivers(settings: Settings) -> dict[str, dict[str, Any]]:
    document = read_yaml(alertmanager.configuration(settings))
    return {receiver["name"]: receiver for receiver in document["receivers"]}


def everybody(folder: Path) -> Settings:
    token, password = folder / "token", folder / "password"
    token.write_text("12345:abc\n")
    password.write_text("secret\n")
    return Settings(
        state_dir=folder,
        alert_webhook_url="http://127.0.0.1:1/hook",
        alert_heartbeat_url="http://127.0.0.1:1/alive",
        alert_email_to="team@example.org",
        alert_email_from="reduse@example.org",
        alert_smtp_server="mail.example.org:587",
        alert_smtp_user="reduse",
        alert_smtp_password_file=password,
        alert_telegram_chat=-100,
        alert_telegram_token_file=token,
    )


def test_without_settings_nobody_is_told(tmp_path: Path) -> None:
    assert receivers(Settings(state_dir=tmp_path)) == {
        name: {"name": name} for name in ("team", "on-call", "heartbeat")
    }


def test_team_and_on_call_get_every_kind_and_the_heartbeat_its_own(tmp_path: Path) -> None:
    found = receivers(everybody(tmp_path))
    for name in ("team", "on-call"):
        assert found[name].keys() == {"name", "webhook_configs", "email_configs", "telegram_configs"}
    assert found["heartbeat"]["webhook_configs"] == [{"url": "http://127.0.0.1:1/alive", "send_resolved": False}]
    assert found["team"]["telegram_configs"][0]["bot_token"] == "12345:abc"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"alert_email_to": "a@b"}, "REDUSE_ALERT_EMAIL_FROM"),
        ({"alert_telegram_chat": 1}, "REDUSE_ALERT_TELEGRAM_TOKEN_FILE"),
        ({"alert_telegram_chat": 1, "alert_telegram_token_file": Path("/nowhere")}, "REDUSE_ALERT_TELEGRAM_TOKEN_FILE"),
        (
            {"alert_email_to": "a@b", "alert_email_from": "a@b", "alert_smtp_server": "h:25", "alert_smtp_user": "u"},
            "REDUSE_ALERT_SMTP_PASSWORD_FILE",
        ),
        ({"alert_email_from": "a@b"}, "REDUSE_ALERT_EMAIL_TO"),
        ({"alert_smtp_server": "h:25"}, "REDUSE_ALERT_EMAIL_TO"),
        ({"alert_telegram_token_file": Path("/nowhere")}, "REDUSE_ALERT_TELEGRAM_CHAT"),
        ({"alert_telegram_chat": 0, "alert_telegram_token_file": Path("/nowhere")}, "REDUSE_ALERT_TELEGRAM_CHAT"),
    ],
)
def test_half_a_receiver_is_refused_and_the_missing_setting_named(
    tmp_path: Path, given: dict[str, Any], named: str
) -> None:
    with pytest.raises(SettingError, match=named):
        alertmanager.check(Settings(state_dir=tmp_path, **given))


@pytest.mark.parametrize("token", ["", "two\nlines", "some thing"])
def test_a_file_without_a_token_is_refused_and_what_is_in_it_not_shown(tmp_path: Path, token: str) -> None:
    file = tmp_path / "token"
    file.write_text(token)
    with pytest.raises(SettingError, match="REDUSE_ALERT_TELEGRAM_TOKEN_FILE") as caught:
        alertmanager.check(Settings(state_dir=tmp_path, alert_telegram_chat=1, alert_telegram_token_file=file))
    assert not token or token not in str(caught.value)


def test_nobody_else_may_read_the_file_with_the_token(tmp_path: Path) -> None:
    settings = everybody(tmp_path)
    alertmanager.write_configuration(settings)
    assert alertmanager.path(settings).stat().st_mode & 0o777 == 0o600


needs_amtool = pytest.mark.skipif(not AMTOOL.exists(), reason="amtool is not there: install prometheus-alertmanager")


@needs_amtool
def test_amtool_takes_what_is_written(tmp_path: Path) -> None:
    settings = everybody(tmp_path)
    alertmanager.write_configuration(settings)
    alertmanager.check_written(settings)


@needs_amtool
def test_what_amtool_does_not_take_is_told_before_anything_starts(tmp_path: Path) -> None:
    settings = everybody(tmp_path)
    alertmanager.write_configuration(settings)
    with alertmanager.path(settings).open("a") as file:
        file.write("time_intervals: nowhere\n")
    with pytest.raises(CommandError, match="cannot unmarshal") as caught:
        alertmanager.check_written(settings)
    assert "12345:abc" not in str(caught.value)
