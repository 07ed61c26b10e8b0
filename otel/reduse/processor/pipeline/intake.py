"""What all doors share: takes the body of an export, decodes and commits it, makes the response. Knows no transport."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from reduse.processor.accounting import PointAccounting
from reduse.processor.core.engine import Outcome
from reduse.processor.core.refusal import explain
from reduse.processor.faults import Faults
from reduse.processor.instruments import Instruments
from reduse.processor.otlp.compression import CorruptError, TooLargeError
from reduse.processor.otlp.decoding import Decoded, MalformedError, decode
from reduse.processor.pipeline.committer import Committer
from reduse.processor.pipeline.mailbox import Mailbox
from reduse.processor.state.store import NO_MEMORY, UnavailableError

logger = logging.getLogger(__name__)

# Decoding holds the interpreter's lock nearly all the time: a second thread would take it from the first.
DECODING_THREADS = 1


class Verdict(StrEnum):
    """What becomes of a request: the `outcome` of reduse.processor.requests."""

    ACCEPTED = "accepted"
    # Only this one asks the sender to send again, and nothing of it is counted.
    UNAVAILABLE = "unavailable"
    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    # The body did not arrive to its end.
    INCOMPLETE = "incomplete"
    # Another path, method, content type or encoding.
    UNSUPPORTED = "unsupported"
    # A TLS handshake over HTTP that failed: no certificate of ours. Over gRPC nobody tells us of them.
    UNAUTHENTICATED = "unauthenticated"
    # A defect of the processor. Not to be sent again: it would meet the same defect and hold up what is behind it.
    FAILED = "failed"


# By their sender's mistake, of whom nothing more is known.
_LOST = frozenset({Verdict.MALFORMED, Verdict.TOO_LARGE, Verdict.INCOMPLETE, Verdict.UNSUPPORTED})


class NotTakenError(Exception):
    """The request was not taken; the message is for its sender."""

    def __init__(self, verdict: Verdict, message: str) -> None:
        super().__init__(message)
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class _Ended:
    """A request whose body had so many bytes: what was decoded and committed, or what came between."""

    answer: asyncio.Future[bytes]
    size: int
    outcome: tuple[Decoded, Future[Outcome]] | Exception

    def result(self) -> tuple[Decoded, Future[Outcome]]:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class Intake:
    def __init__(
        self,
        committer: Committer,
        instruments: Instruments,
        *,
        requests_limit: int,
        future: int,
        clock: Callable[[], int] = time.time_ns,
        faults: Faults | None = None,
    ) -> None:
        """Made in the event loop that it answers in.

        `requests_limit`: under way at once. `future` (ns): how far ahead of this clock a point may be.
        """
        self._committer = committer
        self._instruments = instruments
        self._limit = requests_limit
        self._future = future
        self._clock = clock
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False
        self._ended: Mailbox[_Ended] = Mailbox(asyncio.get_running_loop(), self._end)
        self._decoders = ThreadPoolExecutor(DECODING_THREADS, thread_name_prefix="decoding")
        self._faults = faults or Faults(logger)
        self._accounting = PointAccounting(instruments, self._faults)

    async def export(self, body: bytes, unpack: Callable[[bytes], bytes] = bytes) -> bytes:
        """The response, serialized, when the effect is durable. `unpack` undoes a compression, in a thread.

        Raises NotTakenError. A caller that is cancelled leaves the request to its end: what is submitted is counted.
        """
        if self._closing:
            raise self.refuse(Verdict.UNAVAILABLE, "shutting down, send again")
        if self._under_way >= self._limit:
            raise self.refuse(Verdict.UNAVAILABLE, "too many concurrent requests, send again")
        self._under_way += 1
        self._idle.clear()
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._decoders.submit(self._work, body, unpack, answer)
        return await answer

    def refuse(self, verdict: Verdict, message: str) -> NotTakenError:
        """Counted; to be raised or answered."""
        self._instruments.requests.add(1, verdict)
        if verdict in _LOST:
            self._faults.meet(f"refused requests, {verdict.value}", message)
        return NotTakenError(verdict, message)

    def refuse_connection(self, reason: str) -> None:
        """Somebody without a certificate of ours, or who speaks no TLS."""
        self._instruments.requests.add(1, Verdict.UNAUTHENTICATED)
        self._faults.meet("refused connections without a valid certificate", reason)

    def close(self) -> None:
        """From now on every request is asked to come again."""
        self._closing = True

    async def finish(self, grace_seconds: float) -> None:
        """Returns when nothing is under way any more, or the grace is over: a committer that failed answers nobody."""
        self.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), grace_seconds)
        self._decoders.shutdown()

    def _work(self, body: bytes, unpack: Callable[[bytes], bytes], answer: asyncio.Future[bytes]) -> None:
        """In a thread. Then it is the committer's thread, and the event loop hears of the end alone."""
        try:
            decoded = decode(unpack(body), self._clock() + self._future)
            committed = self._committer.submit(decoded.exports)
        except MemoryError:
            self._ended.put(_Ended(answer, len(body), UnavailableError(NO_MEMORY)))
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            self._ended.put(_Ended(answer, len(body), error))
        else:
            committed.add_done_callback(lambda done: self._ended.put(_Ended(answer, len(body), (decoded, done))))

    def _end(self, ended: _Ended) -> None:
        self._under_way -= 1
        if not self._under_way:
            self._idle.set()
        try:
            response = self._settle(ended)
        except NotTakenError as error:
            if not ended.answer.done():
                ended.answer.set_exception(error)
        else:
            if not ended.answer.done():
                ended.answer.set_result(response)

    def _settle(self, ended: _Ended) -> bytes:
        """The response. Raises NotTakenError."""
        try:
            decoded, committed = ended.result()
            outcome = committed.result()
        except (MalformedError, CorruptError) as error:
            raise self.refuse(Verdict.MALFORMED, str(error)) from error
        except TooLargeError as error:
            raise self.refuse(Verdict.TOO_LARGE, str(error)) from error
        except UnavailableError as error:
            raise self.refuse(Verdict.UNAVAILABLE, f"not accepted, send again: {error}") from error
        except Exception as error:
            if self._faults.meet("requests triggered a defect", repr(error)):
                logger.exception("the defect in one of them, a request of %d bytes", ended.size)
            raise self.refuse(Verdict.FAILED, "the request triggered a defect of the processor: see its log") from error
        self._instruments.requests.add(1, Verdict.ACCEPTED)
        return self._respond(decoded, outcome).SerializeToString()

    def _respond(self, decoded: Decoded, outcome: Outcome) -> ExportMetricsServiceResponse:
        response = ExportMetricsServiceResponse()
        refusals = decoded.refusals
        received = decoded.points + refusals.counts.total()
        refusals.update(outcome.refusals)
        self._accounting.count(received, outcome, refusals)
        if refusals.counts:
            response.partial_success.rejected_data_points = refusals.counts.total()
            response.partial_success.error_message = explain(refusals.by_reason)
        return response
