"""The ways on which metrics come in, and the answers that a sender may get."""

import gzip
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import grpc
from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from reduse import web_client
from tests.collector.pipeline import Pipeline
from tests.intruders import METHOD

TIMEOUT_SECONDS = 30.0
TAKEN = "OK"
JSON, PROTOBUF = "application/json", "application/x-protobuf"
JSON_WAY = "agent HTTP JSON"

# Taken; refused for good; or refused for its size or for want of room.
_HTTP = {200: TAKEN, 400: "INVALID_ARGUMENT", 413: "RESOURCE_EXHAUSTED", 429: "RESOURCE_EXHAUSTED"}
_GRPC = {"INVALID_ARGUMENT", "RESOURCE_EXHAUSTED"}
# What the collector's receivers say of bytes that are no message: by gRPC, and by HTTP when they cannot say it, as the
# words are no text or the request is of a type in which there are no answers. Neither is sent again (OTLP, "Failures").
NO_MESSAGE = "grpc: error unmarshalling request"
UNSAYABLE = '{"code": 13, "message": "failed to marshal error message"}'


@dataclass(frozen=True)
class Answer:
    """A code of gRPC's, and what was said."""

    code: str
    detail: str = ""

    @property
    def taken(self) -> bool:
        return self.code == TAKEN

    @property
    def allowed(self) -> bool:
        return (
            self.taken
            or self.code in _GRPC
            or (self.code in {"INTERNAL", "500"} and self.detail.startswith((NO_MESSAGE, UNSAYABLE)))
        )


Send = Callable[[bytes], Answer]


def as_json(request: ExportMetricsServiceRequest) -> bytes:
    """The message in the JSON encoding of protobuf, with numbers for enumerations as OTLP has them."""
    return json_format.MessageToJson(request, use_integers_for_enums=True, indent=None).encode()


class Ways:
    """Each way by its name, open until the block ends."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._open = ExitStack()
        client = self._open.enter_context(web_client.own(timeout=TIMEOUT_SECONDS))

        def post(kind: str, *, packed: bool) -> Send:
            def send(body: bytes) -> Answer:
                headers = {"content-type": kind} | ({"content-encoding": "gzip"} if packed else {})
                content = gzip.compress(body, 1) if packed else body
                reply = client.post(pipeline.agent_http, content=content, headers=headers)
                return Answer(_HTTP.get(reply.status_code, str(reply.status_code)), reply.text[:300])

            return send

        self.by_name: dict[str, Send] = {
            "agent gRPC": self._grpc(pipeline.agent.port, grpc.Compression.NoCompression),
            "agent gRPC gzip": self._grpc(pipeline.agent.port, grpc.Compression.Gzip),
            "gateway gRPC": self._grpc(pipeline.gateway.port, grpc.Compression.NoCompression),
            "agent HTTP": post(PROTOBUF, packed=False),
            "agent HTTP gzip": post(PROTOBUF, packed=True),
            JSON_WAY: post(JSON, packed=False),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _grpc(self, port: int, compression: grpc.Compression) -> Send:
        channel = grpc.insecure_channel(
            f"127.0.0.1:{port}",
            options=[("grpc.max_reconnect_backoff_ms", 1000), ("grpc.use_local_subchannel_pool", 1)],
            compression=compression,
        )
        self._open.callback(channel.close)
        export: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(METHOD)

        def send(body: bytes) -> Answer:
            try:
                export(body, timeout=TIMEOUT_SECONDS)
            except grpc.RpcError as error:
                return Answer(error.code().name, error.details() or "")
            return Answer(TAKEN)

        return send
