"""A processor with certificates of its own authority."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from reduse.operation import certificates
from reduse.processor.tls import CertificateFiles
from tests.ports import free_port
from tests.processor.process import Running, running


def authority(folder: Path) -> Path:
    certificates.ensure(folder, hosts=(), now=datetime.now(UTC))
    return folder


def files_of(folder: Path, part: str) -> CertificateFiles:
    return CertificateFiles(folder / f"{part}.crt", folder / f"{part}.key", folder / "ca.crt")


def settings_of(folder: Path, gateway_port: int) -> dict[str, str]:
    """Of a processor with the certificates in this folder."""
    files = files_of(folder, "processor")
    return {
        "TLS_CERT_FILE": str(files.certificate),
        "TLS_KEY_FILE": str(files.key),
        "TLS_CA_FILE": str(files.authority),
        "GATEWAY": f"https://127.0.0.1:{gateway_port}",
    }


@contextmanager
def secure(tmp_path: Path, folder: Path) -> Iterator[Running]:
    """With the certificates in this folder; there is nobody at its gateway."""
    port = free_port()
    with running(tmp_path / "state", port, 0, 0, **settings_of(folder, port)) as processor:
        yield processor
