"""The one thread that owns engine and store: makes durable, counts, closes windows, in this order.

A request's points are logged and committed, then counted, then acknowledged; so whatever moment the process dies at, an
acknowledged request is counted once. Windows close by commands that are logged with their payloads in one transaction.
"""

from __future__ import annotations

import logging
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from reduse.processor.core.columns import NANOSECONDS, Export
from reduse.processor.core.engine import Emission, Engine, Outcome
from reduse.processor.core.packing import pack_in_parts
from reduse.processor.core.record import pack_command, pack_exports
from reduse.processor.instruments import Instruments, Status
from reduse.processor.otlp.encoding import encode
from reduse.processor.state.store import Store, UnavailableError

logger = logging.getLogger(__name__)

# How often the passing of time is looked at when nothing arrives.
TICK_SECONDS = 0.1
# A snapshot is due when the log is so many times as large as the last one, and at least this many bytes: some seconds
# of counting them again after a crash.
SNAPSHOT_LOG_FACTOR = 2
SNAPSHOT_LOG_BYTES = 64 * 2**20
# Sent payloads are taken out of the outbox with the next commit, or after this long without one.
OUTBOX_CLEAN_SECONDS = 1.0
# Payloads in one request's group commit, so that a group stays small.
GROUP_LIMIT = 256


@dataclass(slots=True)
class _Pending:
    """Commands executed but not yet committed; they are committed before anything else."""

    records: list[bytes] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)


class Committer:
    def __init__(
        self,
        store: Store,
        engine: Engine,
        instruments: Instruments,
        *,
        interval: float,
        damaged: bool = False,
        on_payloads: Callable[[], None] = lambda: None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """`interval` (s): requests are committed no more often. `on_payloads`: there is something to send."""
        self._store = store
        self._engine = engine
        self._instruments = instruments
        self._interval = interval
        self._damaged = int(damaged)
        self._on_payloads = on_payloads
        self._clock = clock
        self._inbox: deque[tuple[list[Export], Future[Outcome]]] = deque()
        self._condition = threading.Condition()
        self._stopping = False
        self._pending = _Pending()
        self._next_commit = 0.0
        self._log_bytes = SNAPSHOT_LOG_BYTES  # what was replayed becomes a snapshot soon
        self._snapshot_bytes = 0
        self._sent = self._cleaned = 0
        self._last_clean = 0.0
        self._available = True
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="committer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, exports: list[Export]) -> Future[Outcome]:
        """Resolves when the effect is durable and counted; with UnavailableError when it could not be made so."""
        future: Future[Outcome] = Future()
        with self._condition:
            if self._stopping:
                future.set_exception(UnavailableError("shutting down"))
                return future
            self._inbox.append((exports, future))
            # The others wait for the same commit as the first.
            if len(self._inbox) in (1, GROUP_LIMIT):
                self._condition.notify()
        return future

    def sent(self, sequence: int) -> None:
        """Payloads through this one have arrived; called by the sender."""
        self._sent = sequence

    def stop(self) -> None:
        """Answers everything submitted, writes a snapshot, returns when done."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
        self._thread.join()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not (self._stopping and not self._inbox):
                self._round(self._gather())
            self._snapshot()
        except BaseException as error:  # the host ends the process when it sees `failure`
            self.failure = error
            logger.exception("the committer failed")
        finally:
            with self._condition:
                self._stopping = True
            for _, future in self._inbox:
                future.set_exception(UnavailableError("the processor is stopping"))

    def _gather(self) -> list[tuple[list[Export], Future[Outcome]]]:
        """Requests to commit together, none when there is nothing for a tick."""
        with self._condition:
            if not self._inbox and not self._stopping:
                self._condition.wait(TICK_SECONDS)
            while self._inbox and not self._stopping:
                wait = self._next_commit - time.monotonic()
                if wait <= 0 or len(self._inbox) >= GROUP_LIMIT:
                    break
                self._condition.wait(wait)
            return [self._inbox.popleft() for _ in range(min(len(self._inbox), GROUP_LIMIT))]

    def _round(self, group: list[tuple[list[Export], Future[Outcome]]]) -> None:
        if group:
            self._next_commit = time.monotonic() + self._interval
            self._count(group)
        if not self._pending.records:
            self._advance()
        if self._pending.records or self._cleaning_due():
            self._commit([])
        if self._log_bytes >= self._snapshot_due_bytes():
            self._snapshot()
        self._publish()

    def _count(self, group: list[tuple[list[Export], Future[Outcome]]]) -> None:
        filled = [exports for exports, _ in group if exports]
        error = self._commit([pack_exports(exports) for exports in filled])
        if error is not None:
            for _, future in group:
                future.set_exception(error)
            return
        now = self._clock()
        outcomes = [self._engine.apply(exports, now) for exports, _ in group]
        # Together: whoever waits is woken once.
        for (_, future), outcome in zip(group, outcomes, strict=True):
            future.set_result(outcome)

    def _advance(self) -> None:
        for command in self._engine.due(self._clock()):
            emissions = self._engine.execute(command)
            self._pending.records.append(pack_command(command))
            self._pending.payloads += map(self._payload, emissions)

    def _payload(self, emission: Emission) -> bytes:
        self._instruments.windows.add(1)
        return zlib.compress(encode(emission, self._store.instance), level=1)

    def _commit(self, records: list[bytes]) -> UnavailableError | None:
        """Commit pending commands, then `records`; the error when that failed."""
        begun, pending, sent = time.monotonic(), self._pending, self._sent
        try:
            self._store.append([*pending.records, *records], pending.payloads, sent if sent > self._cleaned else 0)
        except UnavailableError as error:
            if self._available:
                logger.error("state cannot be written, refusing until it can: %s", error)  # noqa: TRY400 - no trace
            self._available = False
            return error
        if not self._available:
            logger.warning("state can be written again")
        self._available = True
        self._log_bytes += sum(map(len, pending.records)) + sum(map(len, records))
        self._cleaned, self._last_clean = sent, begun
        self._pending = _Pending()
        self._instruments.commit.record(time.monotonic() - begun)
        if pending.payloads:
            self._on_payloads()
        return None

    def _cleaning_due(self) -> bool:
        return self._sent > self._cleaned and time.monotonic() - self._last_clean >= OUTBOX_CLEAN_SECONDS

    def _snapshot_due_bytes(self) -> int:
        return max(SNAPSHOT_LOG_BYTES, SNAPSHOT_LOG_FACTOR * self._snapshot_bytes)

    def _snapshot(self) -> None:
        if self._pending.records and self._commit([]) is not None:
            return
        begun = time.monotonic()
        parts = pack_in_parts(self._engine.dump())
        try:
            self._store.save_snapshot(parts)
        except UnavailableError as error:
            logger.warning("no snapshot, the log goes on: %s", error)
            # Try again when the log has grown by half of what asks for a snapshot.
            self._log_bytes = self._snapshot_due_bytes() // 2
            return
        self._log_bytes, self._snapshot_bytes = 0, sum(map(len, parts))
        self._instruments.checkpoint.record(time.monotonic() - begun)

    def _publish(self) -> None:
        now, engine, outbox = self._clock(), self._engine, self._store.outbox
        self._instruments.status = Status(
            watermark_lag={name: (now - mark) / NANOSECONDS for name, mark in engine.watermarks(now).items()},
            streams=engine.streams,
            open_rows=engine.open_rows,
            repeat_bytes=engine.repeat_words * 8,
            state_bytes=self._store.size,
            outbox_payloads=outbox.payloads,
            outbox_bytes=outbox.size,
            outbox_dropped=outbox.dropped,
            users_dropped=engine.dropped_users,
            failures=dict(engine.failures),
            damaged=self._damaged,
            available=self._available,
        )
