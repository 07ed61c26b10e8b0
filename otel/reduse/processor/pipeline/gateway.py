"""The way to the gateway."""

from __future__ import annotations

from urllib.parse import urlsplit

import grpc

from reduse.processor.tls import CertificateFiles

_METHOD = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
# An outage is noticed to be over within a second.
_OPTIONS = [("grpc.max_reconnect_backoff_ms", 1000), ("grpc.initial_reconnect_backoff_ms", 100)]


class GatewayChannel:
    """http:// is plain text; https:// is TLS with a certificate of ours, or else with the system's roots only."""

    def __init__(self, url: str, tls: CertificateFiles | None = None) -> None:
        self._url = urlsplit(url)
        self._tls = tls
        self._changed = tls.watch() if tls else None
        self._connect()

    def _connect(self) -> None:
        address = self._url.netloc
        if self._url.scheme == "https":
            credentials = self._tls.channel_credentials() if self._tls else grpc.ssl_channel_credentials()
            self._channel = grpc.secure_channel(address, credentials, _OPTIONS)
        else:
            self._channel = grpc.insecure_channel(address, _OPTIONS)
        self._export: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(_METHOD)

    def export(self, body: bytes, timeout: float) -> bytes:
        """The answer to an encoded request. Raises grpc.RpcError."""
        if self._changed is not None and self._changed():
            self.close()
            self._connect()
        return self._export(body, timeout=timeout)

    def close(self) -> None:
        self._channel.close()
