"""TLS with certificates on both sides, read again when their files change."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

# What is watched of a file, which tools replace in one move: when it was written, and that it is another one.
_Stamp = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """PEM files: our certificate and its key, and the authority that both we and the others are certified by."""

    certificate: Path
    key: Path
    authority: Path

    def check(self) -> None:
        """Raises OSError when a file cannot be read; ssl.SSLError when they are no certificates that go together."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.authority))
        context.load_cert_chain(self.certificate, self.key)

    def stamp(self) -> _Stamp:
        found = (path.stat() for path in (self.certificate, self.key, self.authority))
        return tuple((status.st_mtime_ns, status.st_ino) for status in found)

    def watch(self) -> Callable[[], bool]:
        """Tells whether they have changed since it was last asked, and are in order."""
        return _Changes(self)

    def channel_credentials(self) -> grpc.ChannelCredentials:
        return grpc.ssl_channel_credentials(
            self.authority.read_bytes(), self.key.read_bytes(), self.certificate.read_bytes()
        )

    def server_credentials(self) -> grpc.ServerCredentials:
        """Asked for at each new connection."""
        changed = self.watch()

        def configuration() -> Any:
            return grpc.ssl_server_certificate_configuration(
                [(self.key.read_bytes(), self.certificate.read_bytes())], self.authority.read_bytes()
            )

        def configuration_if_changed() -> Any:
            return configuration() if changed() else None

        return grpc.dynamic_ssl_server_credentials(
            configuration(), configuration_if_changed, require_client_authentication=True
        )

    def server_context(self, on_refused: Callable[[str], None]) -> ssl.SSLContext:
        """For HTTP. `on_refused` is told why a handshake failed."""
        changed = self.watch()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED

        def load() -> None:
            context.load_cert_chain(self.certificate, self.key)
            context.load_verify_locations(self.authority)

        def on_hello(*_: object) -> None:
            if changed():
                load()

        class Handshake(ssl.SSLObject):
            def do_handshake(self) -> None:
                try:
                    super().do_handshake()
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    raise
                except ssl.SSLError as error:
                    on_refused(error.reason or str(error))
                    raise

        load()
        context.sni_callback = on_hello
        context.sslobject_class = Handshake
        return context


class _Changes:
    def __init__(self, files: CertificateFiles) -> None:
        self._files = files
        self._stamp = files.stamp()
        self._lock = threading.Lock()

    def __call__(self) -> bool:
        with self._lock:
            try:
                stamp = self._files.stamp()
                if stamp == self._stamp:
                    return False
                # Half replaced they do not go together yet: as before, until they do.
                self._files.check()
            except (OSError, ssl.SSLError):
                return False
            self._stamp = stamp
            return True
