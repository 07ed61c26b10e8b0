"""A client of an OTLP/gRPC receiver that sends bodies as they are."""

import time
from types import TracebackType
from typing import Self

import grpc

_EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
_TIMEOUT_SECONDS = 30.0
_RETRY_SECONDS = 0.05


class ExportClient:
    """One connection without compression, as the agent has to the processor; any number of threads may use it."""

    def __init__(self, port: int) -> None:
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self._export: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(_EXPORT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._channel.close()

    def export(self, body: bytes) -> bytes:
        """Send until it is taken; the answer.

        Raises:
            RuntimeError: it is refused for good, or is not taken in time.
        """
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while True:
            try:
                return self._export(body, timeout=_TIMEOUT_SECONDS)
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.UNAVAILABLE or time.monotonic() > deadline:
                    raise RuntimeError(f"not taken: {error.code().name} {error.details()}") from None
            time.sleep(_RETRY_SECONDS)
