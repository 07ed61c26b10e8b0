"""One shard, two hosts: whatever becomes of a host, and whichever it is, the same is emitted for the same records."""

import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.metrics import MeterProvider

from reduse.processor.core.bounds import Bounds
from reduse.processor.core.engine import Emission, Engine, Outcome
from reduse.processor.core.packing import pack
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.snapshot_rule import SnapshotRule
from reduse.processor.instruments import Instruments
from reduse.processor.otlp.decoding import decode
from reduse.processor.otlp.encoding import encode
from reduse.processor.pipeline.committer import Committer
from reduse.processor.state.restore import restore
from tests.processor.builders import values
from tests.processor.memory_host import BOUNDS, Partition, Record, Resumed, Taken, Ticked, Worker, dealt, run
from tests.processor.reference.traces import Event, Restart, Send, Tick, traces
from tests.processor.subject import body
from tests.properties import examples_over

# Of some records each, what happens to the worker after them.
FATES = st.lists(st.tuples(st.integers(1, 8), st.sampled_from(["stores", "dies", "was elsewhere"])), max_size=12)


def engine(bounds: Bounds) -> Engine:
    return Engine(BUILT_IN, bounds=bounds)


def recorded(trace: Sequence[Event], number: int = 0, bits: int = 0) -> list[Record]:
    """What the trace leaves in the log of a shard, one of 2**bits."""
    return [record for event in trace for record in _of_event(event, number, bits)]


def _of_event(event: Event, number: int, bits: int) -> list[Record]:
    match event:
        case Send(now, points):
            part = dealt(decode(body(points), now).exports, bits)[number]
            return [Taken(tuple(export for export in part if len(export)), now), Ticked(now)]
        case Tick(now):
            return [Ticked(now)]
        case Restart(now):
            return [Resumed(now)]


@pytest.mark.slow
@settings(max_examples=examples_over(5))
@given(traces(), BOUNDS, st.integers(0, 2), st.data())
def test_wherever_workers_end_and_begin_again_the_same_is_emitted(
    trace: list[Event], bounds: Bounds, bits: int, data: st.DataObject
) -> None:
    for number in range(2**bits):
        records = recorded(trace, number, bits)
        plain, broken = Partition(), Partition()
        expected = run(plain, lambda: engine(bounds), records)
        broken.log.extend(records)
        worker = suffer(broken, bounds, data.draw(FATES))
        worker.work()
        plainly = Worker(plain, lambda: engine(bounds))
        plainly.work()

        assert broken.emissions == expected
        assert worker.shard.sequence == plainly.shard.sequence
        assert pack(worker.shard.dump()) == pack(plainly.shard.dump())


def suffer(partition: Partition, bounds: Bounds, fates: Sequence[tuple[int, str]]) -> Worker:
    worker = Worker(partition, lambda: engine(bounds))
    for records, fate in fates:
        worker.work(records)
        match fate:
            case "stores":
                worker.store()
            case "dies":
                worker = Worker(partition, lambda: engine(bounds))
            case "was elsewhere":
                other = Worker(partition, lambda: engine(bounds))
                other.work(records + 2)
                if records % 2:
                    other.store()
                worker.come_back()
    return worker


@pytest.mark.slow
@settings(max_examples=examples_over(5))
@given(traces(), st.integers(1, 3))
def test_shards_by_the_first_bits_lose_no_request(trace: list[Event], bits: int) -> None:
    bounds = Bounds(repeat_horizon=10**18)
    one = run(Partition(), lambda: engine(bounds), recorded(trace))
    shards = [run(Partition(), lambda: engine(bounds), recorded(trace, n, bits)) for n in range(2**bits)]

    assert requests(one) == sum(map(requests, shards))


def requests(emissions: Sequence[Emission]) -> int:
    """Of all windows; one takes a second."""
    rates = [values(emission.metrics, "reduse.user.rate").values() for emission in emissions]
    return round(sum(rate for each in rates for rate in each if isinstance(rate, float)))


class Embedded:
    """The server's own committer, whose rounds are made here instead of by its thread."""

    def __init__(self, folder: Path, bounds: Bounds, log_bytes: int) -> None:
        self._folder = folder
        self._bounds = bounds
        self._log_bytes = log_bytes
        self._now = 0
        self._provider = MeterProvider()
        self._start()

    def _start(self) -> None:
        restored = restore(self._folder, 100_000_000, lambda: engine(self._bounds), self._now)
        assert not restored.damaged
        self._store = restored.store
        instruments = Instruments(self._provider)
        self._committer = Committer(restored.store, restored.shard, instruments, interval=0.0, clock=lambda: self._now)
        self._committer._rule = SnapshotRule(self._log_bytes)
        self._committer._resume(self._now)

    def live(self, event: Event) -> None:
        self._now = event.now
        match event:
            case Send(now, points):
                done: Future[Outcome] = Future()
                self._committer._round([(decode(body(points), now).exports, done)])
                done.result(0)
            case Tick():
                self._committer._round([])
            case Restart():
                # As kill -9: nothing is said to the committer.
                self._store.close()
                self._start()

    def sent(self) -> list[bytes]:
        rows = self._store._connection.execute("SELECT body FROM outbox ORDER BY sequence").fetchall()
        return [zlib.decompress(body) for (body,) in rows]

    def encoded(self, emission: Emission) -> bytes:
        return encode(emission, self._store.instance)

    def end(self) -> None:
        self._store.close()
        self._provider.shutdown()


@contextmanager
def embedded(bounds: Bounds, log_bytes: int) -> Iterator[Embedded]:
    with TemporaryDirectory() as folder:
        server = Embedded(Path(folder), bounds, log_bytes)
        try:
            yield server
        finally:
            server.end()


@pytest.mark.slow
@settings(max_examples=examples_over(5))
@given(traces(), BOUNDS, st.sampled_from([1, 2_000, 10**9]))
def test_the_server_emits_what_the_host_in_memory_does(trace: list[Event], bounds: Bounds, log_bytes: int) -> None:
    expected = run(Partition(), lambda: engine(bounds), recorded(trace))
    with embedded(bounds, log_bytes) as server:
        for event in trace:
            server.live(event)

        assert server.sent() == list(map(server.encoded, expected))
