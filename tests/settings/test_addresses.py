"""An address that no part could use is refused by name; what is shown of one gives no secret away."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from reduse.redaction import without_secrets
from reduse.settings.stack import Settings


@pytest.mark.parametrize(
    "url",
    [
        "notaurl",
        "example.org/hook",
        "ftp://example.org/hook",
        "http://",
        "http:///hook",
        "https://exa mple.org/hook",
        "https://example.org/ho ok",
        "https://example.org/%zz",
        "https://example.org:70000/",
        "https://example.org:port/",
        "https://user:p^w@example.org/",
        "http://[::1",
        "https://example.org/\nhook",
    ],
)
def test_what_is_no_url_is_refused(url: str) -> None:
    for name in ("alert_webhook_url", "alert_heartbeat_url"):
        with pytest.raises(ValidationError, match="must be a URL"):
            Settings.model_validate({name: url})


@pytest.mark.parametrize(
    "url",
    ["", "http://127.0.0.1:9/hook", "https://user:secret@example.org/a%20b?c=d#e", "http://[::1]:9", "http://a_b"],
)
def test_a_url_is_taken_as_it_is(url: str) -> None:
    assert Settings.model_validate({"alert_webhook_url": url}).alert_webhook_url == url


@pytest.mark.parametrize(
    "wrong",
    [
        {"alert_email_to": "team"},
        {"alert_email_to": "team@example.org, nobody"},
        {"alert_email_from": "a@example.org, b@example.org"},
        {"alert_smtp_server": "mail.example.org"},
        {"alert_smtp_server": "mail.example.org:0"},
        {"alert_smtp_server": "mail.example.org:70000"},
        {"alert_smtp_server": "http://mail.example.org:25"},
        {"alert_telegram_chat": "team"},
        {"retention": "0d"},
        {"retention": "99999999999y"},
        {"retention": "15 days"},
        {"load_rate": "nan"},
        {"state_dir": "/a\nb"},
        {"state_dir": "/\udcff"},
    ],
)
def test_what_a_part_could_not_use_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate(wrong)


def test_mail_addresses_with_names_and_commas_are_taken() -> None:
    given = 'Team <team@example.org>, "Call, on" <on-call@example.org>'
    assert Settings.model_validate({"alert_email_to": given}).alert_email_to == given


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://hooks.example.org/services/T0/B0/secret", "https://hooks.example.org/…"),
        ("hooks.example.org/services/secret", "hooks.example.org/…"),
        ("https://user:secret@example.org", "https://…@example.org"),
        ("https://example.org?key=secret", "https://example.org/…"),
        ("notaurl", "notaurl"),
        ("", ""),
    ],
)
def test_of_a_url_host_and_port_are_shown(url: str, shown: str) -> None:
    assert without_secrets(url) == shown


def test_what_is_shown_has_an_end() -> None:
    assert len(without_secrets("x" * 10_000)) < 100


def test_a_state_folder_has_one_name_and_a_link_to_nothing_its_own(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("state")
    link = {"state_dir": f"{tmp_path}/link"}
    assert Settings.model_validate(link).state_dir == tmp_path / "link"
    (tmp_path / "state").mkdir()
    assert Settings.model_validate(link).state_dir == tmp_path / "state"
    assert Settings.model_validate({"state_dir": f"{tmp_path}/a/../b/"}).state_dir == tmp_path / "b"
