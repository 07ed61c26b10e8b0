"""Sends the outbox to the gateway, in order; what is sent may be sent again, which Prometheus takes without harm."""

from __future__ import annotations

import logging
import threading
import zlib
from collections.abc import Callable, Sequence
from enum import Enum

import grpc
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from reduse.processor.faults import Faults
from reduse.processor.instruments import Instruments
from reduse.processor.pipeline.gateway import GatewayChannel
from reduse.processor.state.store import OutboxReader

logger = logging.getLogger(__name__)

# Payloads joined into one request.
JOIN_PAYLOADS = 16
JOIN_BYTES = 1_000_000
DEADLINE_SECONDS = 10.0
FIRST_BACKOFF_SECONDS = 0.1
LAST_BACKOFF_SECONDS = 2.0
# Looks at the outbox even without being told.
IDLE_SECONDS = 1.0

# OTLP: all other codes say that sending again is of no use.
RETRYABLE = frozenset(
    {
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.UNKNOWN,
    }
)


class Answer(Enum):
    TAKEN = "sent"
    LATER = "retried"
    NEVER = "rejected"


class Sender:
    def __init__(
        self, channel: GatewayChannel, reader: OutboxReader, instruments: Instruments, faults: Faults | None = None
    ) -> None:
        self._channel = channel
        self._reader = reader
        self._instruments = instruments
        self._faults = faults or Faults(logger)
        self._on_sent: Callable[[int], None] = lambda _: None
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._sent = 0
        self._backoff = FIRST_BACKOFF_SECONDS
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)

    def start(self, on_sent: Callable[[int], None]) -> None:
        """`on_sent` is told the last sequence of what arrived."""
        self._on_sent = on_sent
        self._thread.start()

    def wake(self) -> None:
        """There is something new."""
        self._wake.set()

    def stop(self) -> None:
        """What is not sent stays in the outbox."""
        self._stop.set()
        self._wake.set()
        self._thread.join(DEADLINE_SECONDS)
        self._channel.close()
        self._reader.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                found = self._reader.after(self._sent, JOIN_PAYLOADS)
                if not found:
                    self._wake.wait(IDLE_SECONDS)
                    continue
                self._send(found)
            except Exception as error:  # the sender outlives whatever goes wrong: the outbox keeps the data
                if self._faults.meet("the sender failed and continues", repr(error)):
                    logger.exception("how the sender failed")
                self._stop.wait(LAST_BACKOFF_SECONDS)

    def _send(self, found: Sequence[tuple[int, bytes]]) -> None:
        found = _within(found, JOIN_BYTES)
        answer = self._post(found)
        if answer is Answer.NEVER and len(found) > 1:
            # One of them is to blame: find out which.
            for one in found:
                if self._settle([one], self._post([one])) is Answer.LATER:
                    return
            return
        self._settle(found, answer)

    def _post(self, payloads: Sequence[tuple[int, bytes]]) -> Answer:
        body = b"".join(zlib.decompress(body) for _, body in payloads)
        try:
            response = ExportMetricsServiceResponse.FromString(self._channel.export(body, DEADLINE_SECONDS))
        except grpc.RpcError as error:
            code, details = error.code(), error.details()
            if code in RETRYABLE:
                if self._backoff == FIRST_BACKOFF_SECONDS:
                    logger.warning("the gateway cannot be reached, trying again: %s %s", code.name, details)
                return Answer.LATER
            self._faults.meet(f"the gateway refused payloads permanently, {code.name}", str(details), len(payloads))
            return Answer.NEVER
        if response.partial_success.rejected_data_points:
            rejected = response.partial_success
            self._faults.meet("the gateway refused points", rejected.error_message, rejected.rejected_data_points)
        return Answer.TAKEN

    def _settle(self, payloads: Sequence[tuple[int, bytes]], answer: Answer) -> Answer:
        self._instruments.sent.add(len(payloads), {"outcome": answer.value})
        if answer is Answer.LATER:
            self._stop.wait(self._backoff)
            self._backoff = min(2 * self._backoff, LAST_BACKOFF_SECONDS)
            return answer
        if self._backoff > FIRST_BACKOFF_SECONDS:
            logger.info("the gateway can be reached again")
        self._backoff = FIRST_BACKOFF_SECONDS
        self._sent = payloads[-1][0]
        self._on_sent(self._sent)
        return answer


def _within(found: Sequence[tuple[int, bytes]], size: int) -> Sequence[tuple[int, bytes]]:
    """The first ones, at least one, of together at most `size` compressed bytes."""
    total = 0
    for index, (_, body) in enumerate(found):
        total += len(body)
        if total > size and index:
            return found[:index]
    return found
