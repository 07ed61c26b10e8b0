"""Settings of the worker: each mistake in a line that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reduse.processor.kafka.settings import connection, load
from reduse.processor.settings import SettingsError


def loaded(monkeypatch: pytest.MonkeyPatch, **settings: str) -> dict[str, object]:
    environment = {f"REDUSE_{name}": value for name, value in settings.items()}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return connection(*load(environment))


def test_without_any_setting_there_is_a_broker_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    found = loaded(monkeypatch)
    assert found["bootstrap.servers"] == "127.0.0.1:9092"
    assert found["security.protocol"] == "PLAINTEXT"


def test_with_an_authority_a_user_and_a_password_it_is_sasl_over_tls(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority, password = tmp_path / "ca.pem", tmp_path / "password"
    authority.write_text("-")
    password.write_text("secret\n")
    found = loaded(
        monkeypatch,
        KAFKA_BROKERS="a:1,b:2",
        KAFKA_TLS_CA_FILE=str(authority),
        KAFKA_USER="worker",
        KAFKA_PASSWORD_FILE=str(password),
        KAFKA_SASL_MECHANISM="SCRAM-SHA-512",
    )
    assert found["security.protocol"] == "SASL_SSL"
    assert found["ssl.ca.location"] == str(authority)
    assert (found["sasl.mechanism"], found["sasl.username"], found["sasl.password"]) == (
        "SCRAM-SHA-512",
        "worker",
        "secret",
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"KAFKA_BROKER": "a:1"}, "REDUSE_KAFKA_BROKER: unknown setting, did you mean REDUSE_KAFKA_BROKERS?"),
        ({"KAFKA_BROKERS": "nobody"}, "REDUSE_KAFKA_BROKERS"),
        ({"KAFKA_EXPORTS_TOPIC": "a topic"}, "REDUSE_KAFKA_EXPORTS_TOPIC"),
        ({"KAFKA_USER": "me"}, "REDUSE_KAFKA_USER and REDUSE_KAFKA_PASSWORD_FILE go together"),
        (
            {"KAFKA_USER": "me", "KAFKA_PASSWORD_FILE": __file__},
            "REDUSE_KAFKA_USER: its password would be sent in plain text",
        ),
        ({"KAFKA_TLS_CERT_FILE": __file__}, "REDUSE_KAFKA_TLS_CERT_FILE and _TLS_KEY_FILE go together"),
        ({"KAFKA_TLS_CA_FILE": "/nowhere"}, "REDUSE_KAFKA_TLS_CA_FILE: cannot be read"),
        ({"PROCESSOR_TOP_K": "0"}, "REDUSE_PROCESSOR_TOP_K"),
    ],
)
def test_a_mistake_is_a_line(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        loaded(monkeypatch, **settings)
