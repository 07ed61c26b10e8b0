"""A record that makes the core raise is set apart alone: what comes out is as if it had never come."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reduse.processor.core.bounds import Bounds
from reduse.processor.core.command import Resume
from reduse.processor.core.engine import Engine
from reduse.processor.core.held import Held
from reduse.processor.core.packing import pack
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.record import pack_command, pack_exports
from reduse.processor.core.replay import DefectError, replay
from reduse.processor.core.shard import Shard
from reduse.processor.core.units import NANOSECONDS
from reduse.processor.otlp.decoding import decode
from reduse.processor.state.quarantine import FOLDER
from reduse.processor.state.restore import Restored, restore
from reduse.processor.state.store import Store
from tests.processor.builders import EPOCH, export
from tests.processor.memory_host import BOUNDS
from tests.processor.reference.traces import Event, Restart, Send, Tick, traces
from tests.processor.state.fragile import POISON, Fragile
from tests.processor.subject import body
from tests.properties import examples_over


def restored(folder: Path) -> Restored:
    return restore(folder, 10_000_000, lambda: Fragile(BUILT_IN), EPOCH)


def test_one_record_is_set_apart_and_the_rest_and_the_outbox_are_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plain = Shard(lambda: Engine(BUILT_IN))
    with Store(tmp_path, 1_000_000) as store:
        for second in range(10):
            good = [export(second, second + 1.5, {1: 10, second: 3}, anonymous=1)]
            store.append([pack_exports(good, EPOCH), *([poison(second)] if second in (3, 7) else [])])
            plain.take(good, EPOCH)
            if second == 5:
                # What comes before is in the log no more, and with it the first of them.
                store.save_snapshot([pack(plain.dump())])
        store.append([], [b"payload"])
    with caplog.at_level(logging.ERROR):
        again = restored(tmp_path)

    assert not again.damaged
    assert not list(tmp_path.glob("damaged-*"))
    assert again.store.outbox.payloads == 1
    assert pack(again.shard.dump()) == pack(plain.dump())
    (path,) = (tmp_path / FOLDER).iterdir()
    assert path.read_bytes() == poison(7)
    assert again.store.quarantine.counts == {Held.REQUEST: 1}
    assert [str(path) in record.getMessage() for record in caplog.records] == [True]
    again.store.close()


def poison(second: int) -> bytes:
    """A good export, and one that makes the core raise."""
    good = export(second, second + 1, {9: 1}, instance="two")
    return pack_exports([good, export(second, second + 1, {POISON: second})], EPOCH)


def test_of_the_last_records_the_outcomes_are_told(tmp_path: Path) -> None:
    with Store(tmp_path, 1_000_000) as store:
        for users in ({1: 1}, {2: 1}, {POISON: 1}, {4: 1, 5: 1}):
            store.append([pack_exports([export(0, 1, users)], EPOCH)])
        replayed = replay(store, lambda: Fragile(BUILT_IN), store.quarantine.hold, last=3)
        counted, failed, last = replayed.outcomes

    assert isinstance(failed, DefectError)
    assert not isinstance(counted, Exception)
    assert not isinstance(last, Exception)
    assert (counted.counted, counted.repeated, last.counted) == (1, 2, 2)


def test_a_record_of_a_later_release_is_set_apart(tmp_path: Path) -> None:
    with Store(tmp_path, 1_000_000) as store:
        store.append([pack({"unheard": "of"}), pack_exports([export(0, 1, {1: 10})], EPOCH)])
    again = restored(tmp_path)

    assert not again.damaged
    assert again.store.quarantine.counts == {Held.COMMAND: 1}
    assert again.shard.engine.streams == 1
    again.store.close()


@pytest.mark.slow
def test_when_nothing_can_be_applied_the_state_is_taken_for_damaged(tmp_path: Path) -> None:
    """Or else a start would take hours."""
    with Store(tmp_path, 1_000_000) as store:
        store.append([pack_exports([export(0, 1, {POISON: n})], EPOCH) for n in range(1, 150)])
    again = restored(tmp_path)

    assert again.damaged
    assert len(list((tmp_path / FOLDER).iterdir())) == 16
    again.store.close()


@dataclass
class Kept:
    """A log of commands, as the server keeps one."""

    state: bytes | None = None
    records: list[bytes] = field(default_factory=list)

    def snapshot(self) -> bytes | None:
        return self.state

    def log(self) -> list[bytes]:
        return self.records


@pytest.mark.slow
@settings(max_examples=examples_over(3))
@given(traces(), st.integers(0, 60), BOUNDS)
def test_a_replay_gives_the_state_that_was(trace: list[Event], cut: int, bounds: Bounds) -> None:
    """From a dump at any moment, the records after it give the same state and then the same metrics."""
    plain = Shard(lambda: Engine(BUILT_IN, bounds=bounds))
    kept = Kept()
    for number, event in enumerate(trace):
        if number == cut:
            kept = Kept(pack(plain.dump()))
        kept.records += records(plain, event)
    other = replay(kept, plain.new_engine, lambda *_: False).shard

    assert pack(other.dump()) == pack(plain.dump())
    for later in (0, 3, 2000):
        end = trace[-1].now + later * NANOSECONDS
        assert other.tick(end) == plain.tick(end)


def records(shard: Shard, event: Event) -> list[bytes]:
    """What the event leaves in the log."""
    match event:
        case Send(now, points):
            exports = decode(body(points), now).exports
            shard.take(exports, now)
            return [pack_exports(exports, now)]
        case Restart(now):
            shard.resume(now)
            return [pack_command(Resume(now))]
        case Tick(now):
            commands = shard.due(now)
            for command in commands:
                shard.execute(command)
            return list(map(pack_command, commands))
