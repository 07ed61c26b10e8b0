"""The OTLP/gRPC MetricsService: an export is answered when its effect is durable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import NoReturn

import grpc
import grpc.aio

from reduse.processor.pipeline.intake import Intake, NotTakenError, Verdict
from reduse.processor.servers.endpoint import listen
from reduse.processor.servers.memory import LARGEST_BODIES, CrowdedError, Memory
from reduse.processor.servers.registered import server
from reduse.processor.servers.turns import SlowError, StoppingError, TurnBounds, Turns
from reduse.processor.tls import CertificateFiles

SERVICE = "opentelemetry.proto.collector.metrics.v1.MetricsService"
# What else a sender may take this port for: it is told at once that it is not.
NOT_SERVED = {
    "opentelemetry.proto.collector.trace.v1.TraceService": "Export",
    "opentelemetry.proto.collector.logs.v1.LogsService": "Export",
    "grpc.health.v1.Health": "Check",
}
# Between tries to listen again, when gRPC's server has ended.
AGAIN_SECONDS = 0.05
# Requests under way on one connection; a client waits for its turn beyond it. gRPC holds some 17 kB for each.
STREAMS_PER_CONNECTION = 16

# RESOURCE_EXHAUSTED without RetryInfo makes a collector drop the data: right for a request that is too large,
# which would hold up its queue for ever, wrong for too many at once.
STATUS = {
    Verdict.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    Verdict.MALFORMED: grpc.StatusCode.INVALID_ARGUMENT,
    Verdict.TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Verdict.INCOMPLETE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Verdict.FAILED: grpc.StatusCode.INTERNAL,
}

Context = grpc.aio.ServicerContext[bytes, bytes]


@dataclass(frozen=True, slots=True)
class GrpcBounds:
    # Beyond it a new connection is closed at once: its sender sees UNAVAILABLE and tries again.
    connections: int = 1024
    # A connection that says nothing, or does not end its handshake, is closed after so long.
    handshake_seconds: float = 10.0
    # A connection without a request closes after so long; gRPC's clients open another one by themselves.
    idle_seconds: float = 90.0
    turns: TurnBounds = field(default_factory=TurnBounds)


class MetricsService:
    def __init__(self, intake: Intake, message_limit: int, turns: TurnBounds) -> None:
        self._intake = intake
        self._turns = Turns(turns)
        self._memory = Memory(message_limit, LARGEST_BODIES * message_limit)

    def close(self) -> None:
        """Bodies that are not here yet are not waited for."""
        self._turns.close()

    async def export(self, _: AsyncIterator[bytes], context: Context) -> bytes:
        """Unary on the wire. Served as a stream of one message, since a unary handler is not told of one too large."""
        try:
            body = await self._read(context)
            with self._memory.holding(len(body)):
                return await self._intake.export(body)
        except NotTakenError as error:
            await _abort(context, STATUS[error.verdict], str(error))
        except CrowdedError:
            refused = self._intake.refuse(Verdict.UNAVAILABLE, "too many requests in memory, send again")
            await _abort(context, grpc.StatusCode.UNAVAILABLE, str(refused))
        except StoppingError:
            refused = self._intake.refuse(Verdict.UNAVAILABLE, "the server stops, send again")
            await _abort(context, grpc.StatusCode.UNAVAILABLE, str(refused))
        except SlowError:
            refused = self._intake.refuse(Verdict.INCOMPLETE, "the body did not arrive in time, send again")
            # Unlike RESOURCE_EXHAUSTED it is sent again.
            await _abort(context, grpc.StatusCode.DEADLINE_EXCEEDED, str(refused))

    async def _read(self, context: Context) -> bytes:
        """Raises NotTakenError, CrowdedError, SlowError, StoppingError."""
        async with self._turns.of(context.peer()):
            body = await context.read()
        if not isinstance(body, bytes):
            # gRPC has answered already, or there is nobody to answer to.
            raise self._intake.refuse(Verdict.INCOMPLETE, "no message, or one larger than the limit")
        return body


async def _not_served(_: AsyncIterator[bytes], context: Context) -> NoReturn:
    await _abort(context, grpc.StatusCode.UNIMPLEMENTED, f"only {SERVICE}/Export is served")


async def _abort(context: Context, code: grpc.StatusCode, message: str) -> NoReturn:
    try:
        await context.abort(code, message)
    except grpc.aio.InternalError:
        # The sender has gone meanwhile: nobody is to be told, and nothing is wrong here.
        raise asyncio.CancelledError from None


class GrpcServer:
    def __init__(
        self,
        intake: Intake,
        endpoint: str,
        message_limit: int,
        *,
        grace_seconds: float,
        bounds: GrpcBounds | None = None,
        tls: CertificateFiles | None = None,
    ) -> None:
        """gzip is accepted; `message_limit` (bytes) bounds a message as sent and as decompressed."""
        self._tls = tls
        self._bounds = bounds or GrpcBounds()
        self._service = MetricsService(intake, message_limit, self._bounds.turns)
        self._endpoint = endpoint
        self._message_limit = message_limit
        self._grace_seconds = grace_seconds
        self._intake = intake
        self._server: grpc.aio.Server | None = None
        self._watching: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Raises OSError when the endpoint cannot be bound."""
        self._server = await self._serve()
        self._watching = asyncio.create_task(self._watch(self._server))

    @property
    def serving(self) -> bool:
        return self._server is not None

    async def _watch(self, serving: grpc.aio.Server) -> None:
        """A request that ends gRPC's server ends it for a moment, and is counted."""
        while True:
            try:
                await serving.wait_for_termination()
            except Exception as error:  # noqa: BLE001 - whatever it was, the port is to serve
                self._intake.refuse(Verdict.MALFORMED, f"a request ended the server, it is started again: {error!r}")
            if self._stopping.is_set():
                return
            self._server = None
            self._server = serving = await self._serve_again()

    async def _serve_again(self) -> grpc.aio.Server:
        while True:
            try:
                return await self._serve()
            except OSError:
                await asyncio.sleep(AGAIN_SECONDS)

    async def _serve(self) -> grpc.aio.Server:
        """Raises OSError."""
        # gRPC tells of a taken port only by a line on stderr.
        listen(self._endpoint).close()
        # Of requests that the program has not taken yet gRPC cancels some beyond a thousand, of no matter which sender.
        pending = self._bounds.connections * STREAMS_PER_CONNECTION
        made = server(
            [
                ("grpc.max_receive_message_length", self._message_limit),
                ("grpc.max_concurrent_streams", STREAMS_PER_CONNECTION),
                ("grpc.server.max_pending_requests", pending),
                ("grpc.server.max_pending_requests_hard_limit", pending),
                ("grpc.so_reuseport", 0),
                ("grpc.max_allowed_incoming_connections", self._bounds.connections),
                ("grpc.server_handshake_timeout_ms", round(self._bounds.handshake_seconds * 1000)),
                ("grpc.max_connection_idle_ms", round(self._bounds.idle_seconds * 1000)),
                # Else gRPC takes megabytes of a message that nobody has asked for yet.
                ("grpc.http2.bdp_probe", 0),
            ]
        )
        handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_unary_rpc_method_handler(self._service.export)
        made.add_registered_method_handlers(SERVICE, {"Export": handler})
        other: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_unary_rpc_method_handler(_not_served)
        for service, method in NOT_SERVED.items():
            made.add_registered_method_handlers(service, {method: other})
        try:
            if self._tls is None:
                made.add_insecure_port(self._endpoint)
            else:
                made.add_secure_port(self._endpoint, self._tls.server_credentials())
        except RuntimeError as error:
            raise OSError(f"cannot listen on {self._endpoint}") from error
        await made.start()
        return made

    async def stop(self) -> None:
        """Stops accepting; returns when every request is answered, or the grace is over."""
        self._service.close()
        self._stopping.set()
        if self._server is not None:
            await self._server.stop(self._grace_seconds)
        elif self._watching is not None:
            # Not while it waits for the server: what it waits for would be cancelled for `stop` as well.
            self._watching.cancel()
