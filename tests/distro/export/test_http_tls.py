"""OTLP/HTTP within TLS: whom it believes, whom it is, and certificates that are renewed meanwhile."""

import shutil
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from opentelemetry.sdk.metrics.export import MetricExportResult

from reduse.distro.export.http_exporter import OtlpHttpExporter
from reduse.distro.export.http_settings import HttpSettings
from reduse.operation import certificates
from tests.otlp_http import OtlpHttpServer, Posted, Reply

SUCCESS, FAILURE = MetricExportResult.SUCCESS, MetricExportResult.FAILURE


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folders = (tmp_path_factory.mktemp("before"), tmp_path_factory.mktemp("after"))
    for folder in folders:
        certificates.ensure(folder, hosts=(), now=datetime.now(UTC))
    return folders


@contextmanager
def agent(folder: Path, port: int = 0, *, of_clients: bool = False) -> Iterator[tuple[OtlpHttpServer, list[Posted]]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "agent.crt", folder / "agent.key")
    if of_clients:
        context.load_verify_locations(folder / "ca.crt")
        context.verify_mode = ssl.CERT_REQUIRED
    posted: list[Posted] = []

    def take(each: Posted) -> Reply:
        posted.append(each)
        return Reply()

    server = OtlpHttpServer(port, take, context)
    yield server, posted
    server.stop()


@contextmanager
def exporter_to(server: OtlpHttpServer, **files: str) -> Iterator[OtlpHttpExporter]:
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"https://127.0.0.1:{server.port}",
        "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT": "60",
        **{f"OTEL_EXPORTER_OTLP_{name}": value for name, value in files.items()},
    }
    exporter = OtlpHttpExporter(HttpSettings.from_environment(variables))
    yield exporter
    exporter.shutdown()


def test_an_authority_of_ones_own_is_believed_and_one_connection_kept(authorities: tuple[Path, Path]) -> None:
    folder, _ = authorities
    with agent(folder) as (server, posted), exporter_to(server, CERTIFICATE=str(folder / "ca.crt")) as exporter:
        assert [exporter.export_encoded(b"%d" % number) for number in range(3)] == [SUCCESS] * 3
    assert [each.body for each in posted] == [b"0", b"1", b"2"]
    assert len({each.connection for each in posted}) == 1


@pytest.mark.parametrize("given", ["none", "another"])
def test_an_authority_that_is_not_known_is_not_believed(
    authorities: tuple[Path, Path], given: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder, other = authorities
    files = {"CERTIFICATE": str(other / "ca.crt")} if given == "another" else {}
    with agent(folder) as (server, posted), exporter_to(server, **files) as exporter:
        assert exporter.export_encoded(b"secret") is FAILURE
    assert posted == []
    assert "its certificate is not accepted" in caplog.text


@pytest.mark.slow
def test_who_asks_for_a_certificate_gets_ours(authorities: tuple[Path, Path]) -> None:
    folder, _ = authorities
    believed = {"CERTIFICATE": str(folder / "ca.crt")}
    ours = {"CLIENT_CERTIFICATE": str(folder / "gateway.crt"), "CLIENT_KEY": str(folder / "gateway.key")}
    with agent(folder, of_clients=True) as (server, posted):
        # What it is refused by comes after the handshake, and it tries again until its time is over.
        with exporter_to(server, METRICS_TIMEOUT="1", **believed) as exporter:
            assert exporter.export_encoded(b"nobody") is FAILURE
        with exporter_to(server, **believed, **ours) as exporter:
            assert exporter.export_encoded(b"somebody") is SUCCESS
    assert [each.body for each in posted] == [b"somebody"]


def test_an_authority_that_was_replaced_is_believed_without_a_restart(
    authorities: tuple[Path, Path], tmp_path: Path
) -> None:
    before, after = authorities
    used = tmp_path / "ca.crt"
    shutil.copy(before / "ca.crt", used)
    with agent(before) as (server, _), exporter_to(server, CERTIFICATE=str(used)) as exporter:
        assert exporter.export_encoded(b"1") is SUCCESS
        server.stop()
        with agent(after, server.port) as (_, posted):
            assert exporter.export_encoded(b"2") is FAILURE
            shutil.copy(after / "ca.crt", used)
            assert exporter.export_encoded(b"2") is SUCCESS
    assert [each.body for each in posted] == [b"2"]
