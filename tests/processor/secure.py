"""A processor with certificates of its own authority."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from reduse.operation import certificates
from tests.ports import free_port
from tests.processor.process import Running, running


def authority(folder: Path) -> Path:
    certificates.ensure(folder, hosts=(), now=datetime.now(UTC))
    return folder


def files_of(folder: Path) -> dict[str, str]:
    return {
        "TLS_CERT_FILE": str(folder / "processor.crt"),
        "TLS_KEY_FILE": str(folder / "processor.key"),
        "TLS_CA_FILE": str(folder / "ca.crt"),
    }


@contextmanager
def secure(tmp_path: Path, folder: Path, **settings: str) -> Iterator[Running]:
    """With the certificates in this folder; there is nobody at its gateway."""
    port = free_port()
    own = {**files_of(folder), "GATEWAY": f"https://127.0.0.1:{port}"}
    with running(tmp_path / "state", port, 0, 0, **own, **settings) as processor:
        yield processor
