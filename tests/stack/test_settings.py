"""A wrong setting is one line that names it and says what to do."""

from pathlib import Path

import pytest

from reduse.stack.errors import SettingError
from reduse.stack.settings import load_settings


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
