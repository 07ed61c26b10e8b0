"""Whoever has no business with a part, and what they are answered."""

import shutil
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from reduse.operation import certificates
from tests.processor.exports import SECOND, point, request
from tests.waiting import PATIENCE_SECONDS

METHOD = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
SECONDS = PATIENCE_SECONDS


@dataclass(frozen=True)
class Identity:
    """Certificate files in a folder; no folder: plain text. Without a `part` no certificate is shown."""

    folder: Path | None = None
    part: str | None = None
    authority: Path | None = None

    def channel(
        self,
        port: int,
        options: Sequence[tuple[str, int]] = (),
        compression: grpc.Compression = grpc.Compression.NoCompression,
    ) -> grpc.Channel:
        address = f"127.0.0.1:{port}"
        if self.folder is None:
            return grpc.insecure_channel(address, options, compression)
        return grpc.secure_channel(address, self._credentials(self.folder), options, compression)

    def _credentials(self, folder: Path) -> grpc.ChannelCredentials:
        roots = (self.authority or folder / "ca.crt").read_bytes()
        if self.part is None:
            return grpc.ssl_channel_credentials(roots)
        key, chain = (folder / f"{self.part}.{ending}" for ending in ("key", "crt"))
        return grpc.ssl_channel_credentials(roots, key.read_bytes(), chain.read_bytes())

    def context(self) -> ssl.SSLContext | None:
        """For a socket; None for plain text."""
        if self.folder is None:
            return None
        context = ssl.create_default_context(cafile=str(self.authority or self.folder / "ca.crt"))
        if self.part is not None:
            context.load_cert_chain(self.folder / f"{self.part}.crt", self.folder / f"{self.part}.key")
        return context

    def verify(self) -> ssl.SSLContext | bool:
        """As httpx wants it."""
        return self.context() or True


PLAIN_TEXT = Identity()


def expired(folder: Path, of: Path) -> Identity:
    """A certificate of the authority in `of` that has ended."""
    folder.mkdir()
    for name in ("ca.crt", "ca.key"):
        shutil.copy(of / name, folder / name)
    # Not before the authority itself was valid.
    certificates.ensure(folder, hosts=(), now=datetime.now(UTC) - timedelta(minutes=4), days=0)
    return Identity(folder, "agent")


def of_another_authority(folder: Path, trusting: Path) -> Identity:
    certificates.ensure(folder, hosts=(), now=datetime.now(UTC))
    return Identity(folder, "agent", trusting / "ca.crt")


def export(identity: Identity, port: int, body: bytes, token: str | None = None) -> grpc.StatusCode:
    """What the answer to an export over gRPC is."""
    metadata = (("authorization", f"Bearer {token}"),) if token is not None else ()
    with identity.channel(port) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(METHOD)
        try:
            call(body, timeout=SECONDS, metadata=metadata)
        except grpc.RpcError as error:
            return error.code()
    return grpc.StatusCode.OK


def gauge(name: str) -> bytes:
    """An export of one value, which would be a series of that name."""
    made = ExportMetricsServiceRequest()
    metric = made.resource_metrics.add().scope_metrics.add().metrics.add(name=name)
    metric.gauge.data_points.add(as_double=1.0, time_unix_nano=_now())
    return made.SerializeToString()


def users_of(service: str) -> bytes:
    """An export of one user's requests."""
    now = _now()
    points = [point(now - SECOND, now, 3, "0123456789abcdef"), point(now - SECOND, now, 0)]
    return request(points, service).SerializeToString()


def _now() -> int:
    return int(datetime.now(UTC).timestamp() * SECOND)
