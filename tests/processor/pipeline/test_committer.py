import shutil
import time
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.sdk.metrics import MeterProvider

from reduse.processor.core.columns import Export
from reduse.processor.core.engine import Emission, Engine, Outcome
from reduse.processor.core.packing import pack
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.replay import DefectError
from reduse.processor.core.shard import Shard
from reduse.processor.core.units import NANOSECONDS
from reduse.processor.instruments import Instruments
from reduse.processor.otlp.encoding import encode
from reduse.processor.pipeline.committer import Committer
from reduse.processor.state.restore import restore
from reduse.processor.state.store import Store, UnavailableError
from tests.processor.builders import EPOCH, export, totals
from tests.processor.state.disk import files_of_at_most
from tests.processor.state.fragile import POISON, Fragile
from tests.waiting import PATIENCE_SECONDS, wait_until

# Of each export that is sent: a user, the heartbeat, overflow.
ROWS = 3


class Clock:
    """Processing time that moves when told."""

    def __init__(self) -> None:
        self.now = EPOCH

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state", 1_000_000) as opened:
        yield opened


@pytest.fixture
def committer(store: Store, clock: Clock) -> Iterator[Committer]:
    provider = MeterProvider()
    made = Committer(store, Shard(lambda: Engine(BUILT_IN)), Instruments(provider), interval=0.0, clock=clock)
    made.start()
    yield made
    made.stop()
    provider.shutdown()
    assert made.failure is None


def count(committer: Committer, second: int, requests: int) -> Outcome:
    return committer.submit([export(second, second + 1, {1: requests})]).result(PATIENCE_SECONDS)


@pytest.mark.parametrize("step", [7200 * NANOSECONDS, -7200 * NANOSECONDS], ids=["ahead", "back"])
def test_a_clock_that_is_set_ends_no_stream_and_forgets_no_repeat(store: Store, clock: Clock, step: int) -> None:
    """Of two instances one is heard first afterwards: nothing of the other is late, and nothing counted twice."""
    steps, provider = [0], MeterProvider()
    made = Committer(
        store,
        Shard(lambda: Engine(BUILT_IN)),
        Instruments(provider),
        interval=0.0,
        clock=clock,
        clock_step=lambda: steps.pop() if steps else 0,
    )
    made.start()

    def sent(second: int, instance: str) -> Outcome:
        return made.submit([export(second, second + 1, {1: 1}, instance=instance)]).result(PATIENCE_SECONDS)

    for instance in ("one", "two"):
        sent(0, instance)
    clock.now += step
    steps.append(step)
    assert sent(0, "one").repeated == ROWS
    wait_until(lambda: not steps, "a look at the clock")
    for second in (1, 2, 3):
        assert sent(second, "one").late == 0
    for second in (1, 2, 3):
        assert sent(second, "two").late == 0
    made.stop()
    provider.shutdown()
    assert made.failure is None
    assert not made._shard.engine.open_rows


def crash(state: Path, target: Path) -> Path:
    """A copy of the files, as kill -9 leaves them. The database first: what it says of the log stays true."""
    target.mkdir()
    files = filter(Path.is_file, state.iterdir())
    for path in sorted(files, key=lambda path: not path.name.startswith("state.sqlite")):
        shutil.copy(path, target)
    return target


def test_what_is_acknowledged_is_there_after_a_crash(committer: Committer, tmp_path: Path) -> None:
    for second in range(5):
        count(committer, second, 10)
        crashed = crash(tmp_path / "state", tmp_path / f"crashed-{second}")
        again = restore(crashed, 1_000_000, lambda: Engine(BUILT_IN), EPOCH)
        outcome = again.shard.engine.apply([export(s, s + 1, {1: 10}) for s in range(5)], EPOCH)
        again.store.close()
        assert (outcome.repeated, outcome.counted) == (ROWS * (second + 1), ROWS * (4 - second))


@pytest.mark.slow
def test_a_full_disk_refuses_until_there_is_room(committer: Committer, store: Store, clock: Clock) -> None:
    count(committer, 0, 1)
    with files_of_at_most(store.size), pytest.raises(UnavailableError):
        fill(committer)
    for second in range(1000):
        count(committer, second, 1)
    clock.now += 10 * NANOSECONDS

    wait_until(lambda: total(store) == 1000, "every request counted once")


def test_stopping_answers_and_leaves_a_snapshot(committer: Committer, store: Store) -> None:
    futures = [committer.submit([export(second, second + 1, {1: 10})]) for second in range(50)]
    committer.stop()

    assert sum(future.result(0).counted for future in futures) == ROWS * 50
    assert store.snapshot() is not None
    assert list(store.log()) == []
    with pytest.raises(UnavailableError):
        committer.submit([]).result(0)


def test_requests_are_committed_together(store: Store, clock: Clock) -> None:
    provider = MeterProvider()
    groups: list[int] = []

    class Counting(Committer):
        def _count(self, group: list[tuple[list[Export], Future[Outcome]]], now: int) -> None:
            groups.append(len(group))
            super()._count(group, now)

    slow = Counting(store, Shard(lambda: Engine(BUILT_IN)), Instruments(provider), interval=3600.0, clock=clock)
    slow.start()
    # After a pause nothing is waited for.
    assert slow.submit([export(0, 1, {1: 1})]).result(PATIENCE_SECONDS).counted == ROWS
    futures = [slow.submit([export(0, 1, {1: 1}, instance=str(number))]) for number in range(10)]
    time.sleep(0.5)
    assert not any(future.done() for future in futures)
    slow.stop()
    assert sum(future.result(0).counted for future in futures) == ROWS * 10
    assert groups == [1, 10]
    provider.shutdown()


@pytest.mark.slow
def test_what_waits_is_committed_when_the_interval_is_over(store: Store, clock: Clock) -> None:
    provider = MeterProvider()
    slow = Committer(store, Shard(lambda: Engine(BUILT_IN)), Instruments(provider), interval=0.3, clock=clock)
    slow.start()
    for second in range(3):
        assert slow.submit([export(second, second + 1, {1: 1})]).result(PATIENCE_SECONDS).counted == ROWS
    slow.stop()
    provider.shutdown()


def test_the_state_read_again_is_the_state_that_was(committer: Committer, tmp_path: Path, clock: Clock) -> None:
    for second in range(5):
        count(committer, second, 10)
    clock.now += 10 * NANOSECONDS
    time.sleep(0.3)
    committer.stop()
    shutil.copytree(tmp_path / "state", tmp_path / "copy")
    again = restore(tmp_path / "copy", 1_000_000, lambda: Engine(BUILT_IN), EPOCH)

    assert pack(again.shard.dump()) == pack(committer._shard.dump())
    again.store.close()


@pytest.fixture
def fragile(store: Store, clock: Clock) -> Iterator[Committer]:
    provider = MeterProvider()
    made = Committer(store, Shard(lambda: Fragile(BUILT_IN)), Instruments(provider), interval=0.0, clock=clock)
    yield made
    made.stop()
    provider.shutdown()
    assert made.failure is None


def test_a_request_that_makes_the_core_raise_is_answered_as_failed_and_ends_nothing(
    fragile: Committer, store: Store, tmp_path: Path
) -> None:
    """Requests of the same commit, before and after it, are counted once, and it leaves nothing in the state."""
    plain = Engine(BUILT_IN)
    futures = []
    for second in range(10):
        exports = [export(second, second + 1, {1: 1}), export(second, second + 1, {POISON if second == 4 else 2: 1})]
        futures.append(fragile.submit(exports))
        if second != 4:
            plain.apply(exports, EPOCH)
    fragile.start()

    with pytest.raises(DefectError):
        futures.pop(4).result(PATIENCE_SECONDS)
    assert {
        (future.result(PATIENCE_SECONDS).counted, future.result(PATIENCE_SECONDS).repeated) for future in futures
    } == {(4, 2)}
    assert count(fragile, 11, 1).counted == ROWS
    plain.apply([export(11, 12, {1: 1})], EPOCH)
    wait_until(lambda: sum(map(len, store.log())) < 1000, "a snapshot in the place of the log")
    assert store.quarantine.counts == {"request": 1}
    again = restore(crash(tmp_path / "state", tmp_path / "crashed"), 1_000_000, lambda: Fragile(BUILT_IN), EPOCH)
    assert again.store.quarantine.counts == {}
    for core in (plain, again.shard.engine):
        for command in core.due(EPOCH):
            core.execute(command)
    assert pack(again.shard.engine.dump()["repeats"]) == pack(plain.dump()["repeats"])
    again.store.close()


def test_a_request_that_cannot_be_written_down_for_lack_of_memory_is_to_come_again(
    committer: Committer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as memory:
        memory.setattr("reduse.processor.pipeline.committer.pack_exports", _no_memory)
        with pytest.raises(UnavailableError, match="memory"):
            count(committer, 0, 1)
    assert count(committer, 0, 1).counted == ROWS


@pytest.mark.parametrize("where", ["reduse.processor.pipeline.committer.encode", "Engine.apply", "Engine.execute"])
def test_without_memory_it_ends_and_the_next_process_has_lost_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Nothing is set apart: no request, no service and no metrics have a defect."""
    provider = MeterProvider()
    made = Committer(store, Shard(lambda: Engine(BUILT_IN)), Instruments(provider), interval=0.0, clock=Clock())
    made.start()
    assert count(made, 0, 1).counted == ROWS
    with monkeypatch.context() as memory:
        if where.startswith("Engine."):
            memory.setattr(Engine, where.removeprefix("Engine."), _no_memory)
        else:
            memory.setattr(where, _no_memory)
        with suppress(UnavailableError):
            count(made, 1, 1)
            count(made, 3, 1)
        wait_until(lambda: not made.alive, "its end")
    assert isinstance(made.failure, MemoryError)
    assert store.quarantine.counts == {}
    again = restore(crash(tmp_path / "state", tmp_path / "crashed"), 1_000_000, lambda: Engine(BUILT_IN), EPOCH)
    assert not again.damaged
    for second in (0, 1, 3):
        again.shard.take([export(second, second + 1, {1: 1})], EPOCH)
    assert totals(again.shard.tick(EPOCH + 3600 * NANOSECONDS))["user"] == 3, "what was acknowledged is there once"
    again.store.close()
    provider.shutdown()


def _no_memory(*_: object) -> NoReturn:
    raise MemoryError("no memory")


def test_a_window_that_cannot_be_closed_costs_its_service_only(fragile: Committer, store: Store, clock: Clock) -> None:
    bad = str(POISON)
    fragile.start()
    fragile.submit([export(0, 1.5, {1: 1}, service=bad), export(0, 1.5, {1: 5})]).result(PATIENCE_SECONDS)
    wait_until(lambda: store.quarantine.counts == {"service": 1}, "it is given up")
    fragile.submit([export(1.5, 2, {1: 7})]).result(PATIENCE_SECONDS)
    clock.now += 10 * NANOSECONDS

    wait_until(lambda: total(store) == 12, "the other one is counted")
    assert fragile.alive


def test_metrics_that_cannot_be_encoded_cost_themselves_only(
    fragile: Committer, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(emission: Emission, instance: str) -> bytes:
        if emission.time == EPOCH + 2 * NANOSECONDS:
            raise TypeError("not to be encoded")
        return encode(emission, instance)

    monkeypatch.setattr("reduse.processor.pipeline.committer.encode", failing)
    fragile.start()
    for second in range(4):
        count(fragile, second, 1)

    wait_until(lambda: total(store) == 4, "what comes after it")
    assert store.quarantine.counts == {"metrics": 1}


def test_a_state_that_cannot_be_dumped_ends_nothing(
    fragile: Committer, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Engine, "dump", lambda _: {"a set": {1}})
        fragile.start()
        assert count(fragile, 0, 1).counted == ROWS
        wait_until(lambda: "no snapshot" in caplog.text, "it is said")
    assert count(fragile, 1, 1).counted == ROWS


def fill(committer: Committer) -> None:
    for second in range(1, 1000):
        count(committer, second, 1)


def total(store: Store) -> int:
    rows = store._connection.execute("SELECT body FROM outbox").fetchall()
    requests = [ExportMetricsServiceRequest.FromString(zlib.decompress(body)) for (body,) in rows]
    metrics = [metric for one in requests for metric in one.resource_metrics[0].scope_metrics[0].metrics]
    found = [metric.sum.data_points for metric in metrics if metric.name == "reduse.user.requests"]
    return max((sum(point.as_int for point in points) for points in found), default=0)


class Told:
    """The numbers of windows whose emissions were handed on, and what was done before each snapshot."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.through: list[int] = []

    def take(self, emissions: Sequence[Emission]) -> None:
        self.numbers += [emission.number for emission in emissions if emission.window is not None]

    def before_snapshot(self) -> None:
        self.through.append(len(self.numbers))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def telling(store: Store, clock: Clock, told: Told) -> Iterator[Committer]:
    provider = MeterProvider()
    made = Committer(
        store,
        Shard(lambda: Engine(BUILT_IN)),
        Instruments(provider),
        interval=0.0,
        on_emissions=told.take,
        before_snapshot=told.before_snapshot,
        clock=clock,
    )
    made.start()
    yield made
    made.stop()
    provider.shutdown()
    assert made.failure is None


def test_windows_are_handed_on_when_it_is_in_the_log_that_they_closed(
    telling: Committer, told: Told, store: Store, clock: Clock, tmp_path: Path
) -> None:
    for second in range(5):
        count(telling, second, 1)
    wait_until(lambda: len(told.numbers) == 4, "the windows before the last")
    with files_of_at_most(1):
        clock.now += 10 * NANOSECONDS
        wait_until(lambda: telling._pending.records != [], "the last window's end")
        assert len(told.numbers) == 4
    wait_until(lambda: len(told.numbers) == 5, "the last window")
    # Who begins with these files again is given the same windows.
    again = Told()
    crashed = crash(tmp_path / "state", tmp_path / "crashed")
    restore(crashed, 1_000_000, lambda: Engine(BUILT_IN), EPOCH, lambda _: again.take).store.close()
    assert again.numbers == told.numbers[told.through[-1] :]
    assert told.numbers == list(range(told.numbers[0], told.numbers[0] + 5))


def test_all_windows_before_a_snapshot_were_handed_on_before_it(
    telling: Committer, told: Told, store: Store, clock: Clock, tmp_path: Path
) -> None:
    for second in range(6):
        count(telling, second, 1)
    wait_until(lambda: len(told.numbers) >= 5, "the windows before the last")
    telling.stop()
    assert told.through[-1] == len(told.numbers) >= 5
    again = Told()
    crashed = crash(tmp_path / "state", tmp_path / "crashed")
    restore(crashed, 1_000_000, lambda: Engine(BUILT_IN), EPOCH, lambda _: again.take).store.close()
    assert again.numbers == []
