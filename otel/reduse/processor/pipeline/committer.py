"""The one thread that owns shard and store: makes durable, counts, closes windows, in this order.

A request's points are logged and committed, then counted, then acknowledged; so whatever moment the process dies at, an
acknowledged request is counted once. Windows close by commands that are logged with their payloads in one transaction.

Whatever makes the core raise may leave it half-changed: then the shard is made anew from snapshot and log, without
what made it raise. A lack of memory is the fault of nothing that was sent: it ends the process, and the next one goes
on.
"""

from __future__ import annotations

import logging
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace

from reduse.processor.core.columns import Export
from reduse.processor.core.command import Command, ForgetService, Resume
from reduse.processor.core.engine import Emission, Outcome
from reduse.processor.core.held import Held
from reduse.processor.core.packing import pack, pack_in_parts
from reduse.processor.core.record import pack_command, pack_exports
from reduse.processor.core.replay import DefectError, replay
from reduse.processor.core.shard import ServiceDefectError, Shard
from reduse.processor.core.snapshot_rule import SnapshotRule
from reduse.processor.core.units import NANOSECONDS
from reduse.processor.instruments import Instruments
from reduse.processor.otlp.encoding import encode
from reduse.processor.pipeline.disk_watch import DiskWatch
from reduse.processor.state.store import NO_MEMORY, BusyError, Store, UnavailableError
from reduse.processor.status import status_of

logger = logging.getLogger(__name__)

# How often the passing of time is looked at when nothing arrives.
TICK_SECONDS = 0.1
# Sent payloads are taken out of the outbox with the next commit, or after this long without one.
OUTBOX_CLEAN_SECONDS = 1.0
# Payloads in one request's group commit, so that a group stays small.
GROUP_LIMIT = 256


@dataclass(slots=True)
class _Pending:
    """Commands executed but not yet committed; they are committed before anything else."""

    records: list[bytes] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)
    emissions: list[Emission] = field(default_factory=list)


class Committer:
    def __init__(
        self,
        store: Store,
        shard: Shard,
        instruments: Instruments,
        *,
        interval: float,
        damaged: bool = False,
        on_payloads: Callable[[], None] = lambda: None,
        on_emissions: Callable[[Sequence[Emission]], None] = lambda _: None,
        before_snapshot: Callable[[], None] = lambda: None,
        clock: Callable[[], int] = time.time_ns,
        clock_step: Callable[[], int] = lambda: 0,
    ) -> None:
        """`interval` (s): requests are committed no more often. `on_payloads`: there is something to send.

        `on_emissions` is given what windows emit once it is certain that they close as they did. `before_snapshot`: the
        log goes, and what came of it elsewhere is to be durable. `clock_step`: by how many ns `clock` was set since it
        was asked last.
        """
        self._store = store
        self._shard = shard
        self._instruments = instruments
        self._interval = interval
        self._damaged = int(damaged)
        self._on_payloads = on_payloads
        self._on_emissions = on_emissions
        self._before_snapshot = before_snapshot
        self._clock = clock
        self._clock_step = clock_step
        self._inbox: deque[tuple[list[Export], Future[Outcome]]] = deque()
        self._condition = threading.Condition()
        self._stopping = False
        self._pending = _Pending()
        self._next_commit = 0.0
        self._rule = SnapshotRule()
        self._sent = self._cleaned = 0
        self._last_clean = 0.0
        self.disk = DiskWatch()
        instruments.writable = lambda: self.disk.writable
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
            self._resume(self._clock())
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
                future.set_exception(_stopping())

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
        now = self._look_at_clock()
        if group:
            self._next_commit = time.monotonic() + self._interval
            self._count(group, now)
        if not self._pending.records:
            self._advance(now)
        if self._pending.records or self._cleaning_due():
            self._commit([])
        if self.disk.probe_due:
            self._probe()
        # While nothing can be written, requests would only wait for the answer that they get anyway.
        if self.disk.available and self._rule.is_due():
            self._snapshot()
        self._publish()

    def _look_at_clock(self) -> int:
        """Once in a round: a clock that is set in the middle of one is seen in the next."""
        step, now = self._clock_step(), self._clock()
        if step:
            logger.warning(
                "the clock was set by %+.0f s: whoever was heard before has time to be heard again", step / NANOSECONDS
            )
            self._resume(now)
        return now

    def _resume(self, now: int) -> None:
        if self._shard.engine.streams:
            self._execute(Resume(now))

    def _count(self, group: list[tuple[list[Export], Future[Outcome]]], now: int) -> None:
        try:
            answers = self._answers([exports for exports, _ in group], now)
        except BaseException:
            # What is in the log the next process counts: sent again, it is a repeat.
            for _, future in group:
                future.set_exception(_stopping())
            raise
        # Together: whoever waits is woken once.
        for (_, future), answer in zip(group, answers, strict=True):
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    def _answers(self, requests: Sequence[list[Export]], now: int) -> list[Outcome | Exception]:
        """Of each, when all of them are durable and counted."""
        packed = [_packed(exports, now) for exports in requests]
        logged = [exports for exports, record in zip(requests, packed, strict=True) if isinstance(record, bytes)]
        error = self._commit([record for record in packed if isinstance(record, bytes)])
        outcomes = iter(self._apply(logged, now) if error is None else ())
        return [error or (next(outcomes) if isinstance(record, bytes) else record) for record in packed]

    def _apply(self, requests: Sequence[list[Export]], now: int) -> Sequence[Outcome | DefectError]:
        """Count what is in the log already."""
        try:
            return [self._shard.take(exports, now) for exports in requests]
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - one request is not to end all others
            return self._recover(error, last=len(requests))

    def _recover(self, error: Exception, last: int = 0) -> Sequence[Outcome | DefectError]:
        """Make the shard anew without what makes it raise; the outcomes of the last so many records."""
        logger.warning("a defect in the core, its state is rebuilt: %r", error)
        beyond = tuple(self._pending.records)
        replayed = replay(self._store, self._shard.new_engine, self._store.quarantine.hold, last=last, beyond=beyond)
        self._shard = replayed.shard
        if replayed.kept:
            # With a snapshot the record is no longer in the log, to be met again.
            self._rule.hasten()
        return replayed.outcomes

    def _advance(self, now: int) -> None:
        for command in self._shard.due(now):
            try:
                emissions = self._shard.execute(command)
            except ServiceDefectError as defect:
                self._recover(defect)
                self._give_up(defect)
                # What else is due is asked again.
                return
            self._pending.records.append(pack_command(command))
            self._pending.payloads += filter(None, map(self._payload, emissions))
            self._pending.emissions += emissions

    def _give_up(self, defect: ServiceDefectError) -> None:
        """The service that cannot go on begins anew; what it had is set apart."""
        self._store.quarantine.hold(self._told(defect), Held.SERVICE, defect)
        logger.error("the windows of %s could not be closed: it starts with an empty state", defect.service)
        self._execute(ForgetService(defect.service))

    def _told(self, defect: ServiceDefectError) -> bytes:
        """For whoever looks for the defect: as much as can be said of the service."""
        command = repr(defect.command)
        try:
            return pack({"command": command, "service": self._shard.engine.dump_service(defect.service)})
        except Exception:  # noqa: BLE001 - it may be what has the defect
            return command.encode()

    def _execute(self, command: Command) -> None:
        """One that yields nothing."""
        self._shard.execute(command)
        self._pending.records.append(pack_command(command))

    def _payload(self, emission: Emission) -> bytes | None:
        """None: it cannot be encoded, and would not be at another time."""
        self._instruments.windows.add(1)
        try:
            return zlib.compress(encode(emission, self._store.instance), level=1)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - a plug-in may have yielded anything
            self._store.quarantine.hold(repr(emission).encode(), Held.METRICS, error)
            return None

    def _commit(self, records: list[bytes]) -> UnavailableError | None:
        """Commit pending commands, then `records`; the error when that failed."""
        begun, pending, sent = time.monotonic(), self._pending, self._sent
        clean = sent if sent > self._cleaned else 0
        error = self.disk.write(lambda: self._store.append([*pending.records, *records], pending.payloads, clean))
        if error is not None:
            return error
        self._rule.logged(sum(map(len, pending.records)) + sum(map(len, records)))
        self._cleaned, self._last_clean = sent, begun
        self._pending = _Pending()
        self._instruments.commit.record(time.monotonic() - begun)
        if pending.payloads:
            self._on_payloads()
        if pending.emissions:
            with self.disk.writing():
                self._on_emissions(pending.emissions)
        return None

    def _probe(self) -> None:
        with suppress(BusyError):
            self.disk.write(self._store.probe)

    def _cleaning_due(self) -> bool:
        return self._sent > self._cleaned and time.monotonic() - self._last_clean >= OUTBOX_CLEAN_SECONDS

    def _snapshot(self) -> None:
        if self._pending.records and self._commit([]) is not None:
            return
        begun = time.monotonic()
        with self.disk.writing():
            self._before_snapshot()
        try:
            parts = pack_in_parts(self._shard.dump())
            with self.disk.writing():
                self._store.save_snapshot(parts)
        except UnavailableError as error:
            logger.warning("no snapshot was written, the log is continued: %s", error)
            self._rule.put_off()
            return
        except Exception:  # the log has it all, and the next window may be without the defect
            logger.exception("no snapshot was written, the log is continued")
            self._rule.put_off()
            return
        self._rule.replaced(sum(map(len, parts)))
        self._instruments.checkpoint.record(time.monotonic() - begun)

    def _publish(self) -> None:
        outbox = self._store.outbox
        self._instruments.status = replace(
            status_of(
                [self._shard.engine],
                self._clock(),
                state_bytes=self._store.size,
                quarantined=self._store.quarantine.counts,
                damaged=self._damaged,
            ),
            outbox_payloads=outbox.payloads,
            outbox_bytes=outbox.size,
            outbox_dropped=outbox.dropped,
            quarantine_bytes=self._store.quarantine.size,
            available=self.disk.available,
        )


def _stopping() -> UnavailableError:
    return UnavailableError("the processor is stopping")


def _packed(exports: list[Export], now: int) -> bytes | Outcome | DefectError | UnavailableError:
    """A record of the log, or at once the answer to a request that has none."""
    if not exports:
        return Outcome()
    try:
        return pack_exports(exports, now)
    except MemoryError:
        return UnavailableError(NO_MEMORY)
    except Exception as error:  # noqa: BLE001 - it is answered to whoever waits
        return DefectError(repr(error))
