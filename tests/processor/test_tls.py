"""The real processor with certificates: who has one is served, and a new one needs no restart."""

import shutil
from contextlib import ExitStack
from http.client import HTTPSConnection
from pathlib import Path

import grpc
import pytest

from reduse.processor.settings import SettingsError, load
from tests.intruders import Identity, export, users_of
from tests.processor.secure import authority, secure, settings_of
from tests.waiting import wait_until

OK, UNAVAILABLE = grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE


@pytest.mark.server
def test_new_certificates_are_taken_without_a_restart(tmp_path: Path) -> None:
    before, after, used = authority(tmp_path / "before"), authority(tmp_path / "after"), tmp_path / "used"
    shutil.copytree(before, used)
    old, new = Identity(before, "agent"), Identity(after, "agent")
    with secure(tmp_path, used) as processor:
        assert export(old, processor.port, users_of("mes-api")) is OK
        assert export(new, processor.port, users_of("mes-api")) is UNAVAILABLE
        for name in ("ca.crt", "processor.key", "processor.crt"):
            # In one move each, as those who renew certificates do. Between the moves they do not go together.
            shutil.copy(after / name, used / "partial")
            (used / "partial").rename(used / name)
        wait_until(lambda: export(new, processor.port, users_of("mes-api")) is OK, "the new certificate")
        assert export(old, processor.port, users_of("mes-api")) is UNAVAILABLE
        assert processor.terminate() == 0


@pytest.mark.server
def test_requests_over_https_are_answered_on_new_connections_and_on_one_that_is_used_again(tmp_path: Path) -> None:
    folder = authority(tmp_path / "certificates")
    context = Identity(folder, "agent").context()
    assert context
    body, headers = users_of("mes-api"), {"content-type": "application/x-protobuf"}
    with secure(tmp_path, folder) as processor, ExitStack() as opened:
        connections = [HTTPSConnection("localhost", processor.http_port, context=context) for _ in range(20)]
        for connection in (*connections, *connections):
            opened.callback(connection.close)
            connection.request("POST", "/v1/metrics", body, headers)
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"")
        assert processor.metric("reduse_processor_requests_total", outcome="accepted") == 40
        assert processor.terminate() == 0


@pytest.mark.server
def test_a_half_replaced_certificate_changes_nothing(tmp_path: Path) -> None:
    before, after, used = authority(tmp_path / "before"), authority(tmp_path / "after"), tmp_path / "used"
    shutil.copytree(before, used)
    with secure(tmp_path, used) as processor:
        shutil.copy(after / "processor.key", used / "processor.key")
        for _ in range(3):
            assert export(Identity(before, "agent"), processor.port, users_of("mes-api")) is OK


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Those of a processor with certificates, in the environment."""
    wanted = {
        **settings_of(authority(tmp_path / "certificates"), 1),
        "STATE_DIR": str(tmp_path),
    }
    found = {f"REDUSE_PROCESSOR_{name}": value for name, value in wanted.items()}
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


def test_all_three_files_or_none(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDUSE_PROCESSOR_TLS_CA_FILE")
    with pytest.raises(SettingsError, match="go together: set all or none"):
        load({})


def test_files_that_do_not_go_together_are_named(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    other = settings["REDUSE_PROCESSOR_TLS_KEY_FILE"].replace("processor.key", "agent.key")
    monkeypatch.setenv("REDUSE_PROCESSOR_TLS_KEY_FILE", other)
    with pytest.raises(SettingsError, match=r"agent.key.*the key must belong to the certificate"):
        load({})


def test_a_file_that_is_not_there_is_named(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDUSE_PROCESSOR_TLS_CA_FILE", "/nowhere/ca.crt")
    with pytest.raises(SettingsError, match=r"/nowhere/ca.crt.*readable"):
        load({})


def test_with_certificates_the_gateway_is_not_sent_plain_text(
    settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDUSE_PROCESSOR_GATEWAY", "http://127.0.0.1:4327")
    with pytest.raises(SettingsError, match=r"plain text.*https"):
        load({})
