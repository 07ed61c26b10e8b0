"""The OTLP/gRPC MetricsService: an export is answered when its effect is durable."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc
import grpc.aio
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from reduse.processor.core.engine import Outcome
from reduse.processor.core.refusal import Refusal
from reduse.processor.instruments import Instruments
from reduse.processor.otlp.decoding import Decoded, MalformedError, decode
from reduse.processor.state.committer import Committer
from reduse.processor.state.store import UnavailableError

logger = logging.getLogger(__name__)

SERVICE = "opentelemetry.proto.collector.metrics.v1.MetricsService"
# Decoding holds the interpreter's lock: a second thread only fills the other's gaps.
DECODING_THREADS = 2
# Requests under way on one connection; a client waits for its turn beyond it.
STREAMS_PER_CONNECTION = 64
# Refusals are logged by reason, no more often than this.
LOG_SECONDS = 10.0

Context = grpc.aio.ServicerContext[bytes, bytes]


class MetricsService:
    def __init__(
        self,
        committer: Committer,
        instruments: Instruments,
        *,
        requests_limit: int,
        future: int,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """`requests_limit`: under way at once. `future` (ns): how far ahead of this clock a point may be."""
        self._committer = committer
        self._instruments = instruments
        self._limit = requests_limit
        self._future = future
        self._clock = clock
        self._under_way = 0
        self._decoders = ThreadPoolExecutor(DECODING_THREADS, thread_name_prefix="decoding")
        self._logged: dict[Refusal, float] = {}

    async def export(self, body: bytes, context: Context) -> bytes:
        if self._under_way >= self._limit:
            # RESOURCE_EXHAUSTED would make a collector drop the data.
            self._instruments.requests.add(1, {"outcome": "unavailable"})
            await context.abort(grpc.StatusCode.UNAVAILABLE, "too many requests under way, send again")
        self._under_way += 1
        try:
            return await self._answer(body, context)
        finally:
            self._under_way -= 1

    async def _answer(self, body: bytes, context: Context) -> bytes:
        loop = asyncio.get_running_loop()
        try:
            decoded = await loop.run_in_executor(self._decoders, decode, body, self._clock() + self._future)
            outcome = await asyncio.wrap_future(self._committer.submit(decoded.exports))
        except MalformedError as error:
            self._instruments.requests.add(1, {"outcome": "malformed"})
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except UnavailableError as error:
            self._instruments.requests.add(1, {"outcome": "unavailable"})
            await context.abort(grpc.StatusCode.UNAVAILABLE, f"not taken, send again: {error}")
        self._instruments.requests.add(1, {"outcome": "accepted"})
        return self._respond(decoded, outcome).SerializeToString()

    def _respond(self, decoded: Decoded, outcome: Outcome) -> ExportMetricsServiceResponse:
        refused = decoded.refused + outcome.refused
        instruments = self._instruments
        instruments.received.add(decoded.points + decoded.refused.total())
        instruments.repeated.add(outcome.repeated)
        instruments.late.add(outcome.late)
        instruments.clipped.add(outcome.clipped)
        response = ExportMetricsServiceResponse()
        if refused:
            for reason, count in refused.items():
                instruments.refused.add(count, {"reason": reason.value})
                self._log(reason, count)
            response.partial_success.rejected_data_points = refused.total()
            response.partial_success.error_message = ", ".join(
                f"{reason.value}: {count}" for reason, count in sorted(refused.items())
            )
        return response

    def _log(self, reason: Refusal, count: int) -> None:
        now = time.monotonic()
        if now - self._logged.get(reason, -LOG_SECONDS) >= LOG_SECONDS:
            self._logged[reason] = now
            logger.warning("refused %d points: %s", count, reason.value)

    def close(self) -> None:
        self._decoders.shutdown()


def _probe(endpoint: str) -> None:
    """gRPC tells of a taken port only by a line on stderr; this raises OSError."""
    host, _, port = endpoint.rpartition(":")
    try:
        address = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
        socket.create_server(address[4][:2], family=address[0]).close()
    except (OSError, OverflowError) as error:
        raise OSError(f"cannot listen on {endpoint}: {error}") from error


async def serve(service: MetricsService, endpoint: str, message_limit: int) -> grpc.aio.Server:
    """A started server. gzip is accepted. Raises OSError when the endpoint cannot be bound."""
    _probe(endpoint)
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", message_limit),
            ("grpc.max_concurrent_streams", STREAMS_PER_CONNECTION),
            ("grpc.so_reuseport", 0),
        ]
    )
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(service.export)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"Export": handler}),))
    try:
        server.add_insecure_port(endpoint)
    except RuntimeError as error:
        raise OSError(f"cannot listen on {endpoint}") from error
    await server.start()
    return server
