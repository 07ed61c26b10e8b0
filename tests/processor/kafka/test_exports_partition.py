"""What comes of a partition's records depends on them alone: what replays and rebalances rest on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from reduse.processor.core.engine import Emission, Engine
from reduse.processor.core.format_check import NewerFormatError
from reduse.processor.core.options import Options
from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.shard import Shard
from reduse.processor.core.units import NANOSECONDS
from reduse.processor.kafka.exports_partition import AWAY, ExportsPartition
from reduse.processor.kafka.partition import Apart, DefectError, Step
from reduse.processor.kafka.record import Record
from reduse.processor.otlp.encoding import encode
from tests.processor.exports import SECOND, export
from tests.processor.kafka.cluster import Samples, add_samples, requests_in
from tests.properties import examples_over

BEGIN = 1_790_000_000 * SECOND
TICK = b""


def partition(begin: int = 0, apart: Apart | None = None, engine: type[Engine] = Engine) -> ExportsPartition:
    shard = Shard(lambda: engine(BUILT_IN, Options(), joined=True))
    return ExportsPartition(shard, "exports/0", begin, 10 * SECOND, apart)


def samples(emissions: Iterable[Emission]) -> Samples:
    """AssertionError for two values of one series and time."""
    found: Samples = {}
    for emission in emissions:
        add_samples(found, ExportMetricsServiceRequest.FromString(encode(emission, "a")))
    return found


def body(second: int, users: dict[int, int], instance: str = "one", service: str = "mes-api") -> bytes:
    begin, named = BEGIN + second * SECOND, {f"{user:016x}": count for user, count in users.items()}
    return export(begin, begin + SECOND, named, 1, instance, service).SerializeToString()


@st.composite
def logs(draw: st.DrawFn) -> list[Record]:
    """Exports of two instances, late ones and repeats among them, ticks, what is no export, and silences."""
    users = st.dictionaries(st.integers(1, 8), st.integers(1, 9), max_size=5)
    records, time, second = [], BEGIN, 0
    for offset in range(draw(st.integers(1, 40))):
        second += draw(st.integers(0, 2))
        time += draw(st.sampled_from([0, SECOND // 20, SECOND // 5, SECOND, 4 * SECOND, 15 * SECOND]))
        late = draw(st.sampled_from([0, 0, 0, 1, 5]))
        made = body(max(second - late, 0), draw(users), draw(st.sampled_from(["one", "two"])))
        records.append(Record(offset * 2, time, draw(st.sampled_from([made, made, made, TICK, b"no request"]))))
    return records


def said(records: Iterable[Record], taken: ExportsPartition) -> list[Emission]:
    return [emission for record in records for emission in emissions(taken.take(record))]


def emissions(step: Step) -> list[Emission]:
    return [partial.emission for partial in step.partials]


@pytest.mark.slow
@settings(max_examples=examples_over(3))
@given(logs(), st.data())
def test_from_any_snapshot_the_same_is_said(records: list[Record], data: st.DataObject) -> None:
    whole = said(records, partition())
    cut = data.draw(st.integers(0, len(records)))
    first, second = partition(), partition()
    before = said(records[:cut], first)
    second.load(unpack(pack(first.dump())))
    after = said(records[cut:], second)
    assert samples([*before, *after]) == samples(whole)
    assert pack(second.dump()) == pack(_taken(records).dump())


def _taken(records: Iterable[Record]) -> ExportsPartition:
    taken = partition()
    said(records, taken)
    return taken


@pytest.mark.slow
@settings(max_examples=examples_over(3))
@given(logs())
def test_every_request_is_said_once_all_is_quiet(records: list[Record]) -> None:
    taken, counted, found = partition(), 0, []
    for record in records:
        step = taken.take(record)
        found += emissions(step)
        counted += step.outcome.counted
    end = records[-1].time + 3600 * SECOND
    found += emissions(taken.take(Record(1000, end, TICK)))
    found += emissions(taken.take(Record(1001, end + 60 * SECOND, TICK)))
    assert bool(requests_in(samples(found)).total()) == bool(counted)
    assert not taken.unticked


def test_a_tick_closes_what_a_silent_partition_has() -> None:
    taken = partition()
    assert emissions(taken.take(Record(0, BEGIN, body(0, {1: 5})))) == []
    assert taken.waits
    assert taken.unticked
    assert requests_in(samples(emissions(taken.take(Record(1, BEGIN + SECOND // 5, TICK))))).total() == 6


def test_windows_are_looked_at_ten_times_a_second_and_not_for_each_record() -> None:
    taken = partition()
    records = [Record(n, BEGIN + SECOND + n * SECOND // 1000, body(n, {1: 1})) for n in range(300)]
    assert [taken.take(record).ticked for record in records].count(True) == 2


def test_a_brokers_clock_that_is_set_back_stops_nothing() -> None:
    """Windows close while records come all the time, and two instances still wait for each other."""
    taken, counted, found, late = partition(), 0, [], 0
    for offset in range(0, 400, 2):
        clock = BEGIN + offset * SECOND // 40 + (3600 * SECOND if offset < 200 else 0)
        for number, name in enumerate(("one", "two")):
            second = offset // 40
            made = body(second, {1: 1}, name) if offset % 40 == 0 else b"no request"
            step = taken.take(Record(offset + number, clock, made))
            found += emissions(step)
            counted += 2 if offset % 40 == 0 else 0
            late += step.outcome.late
    assert late == 0
    # But for the last of each, which waits for the next.
    assert counted - 4 <= requests_in(samples(found)).total() <= counted


def test_what_a_broker_is_behind_another_sets_no_clock_back() -> None:
    taken = partition()
    taken.take(Record(0, BEGIN + 9 * SECOND, body(0, {1: 1})))
    taken.take(Record(1, BEGIN, body(1, {1: 1})))
    assert taken.time == BEGIN + 9 * SECOND


def test_what_is_no_export_request_leaves_the_rest_as_it_is() -> None:
    taken = partition()
    step = taken.take(Record(7, BEGIN, b"no request"))
    assert step.malformed is not None
    assert taken.next == 8


def test_who_was_heard_before_nobody_could_be_has_time_to_come_back() -> None:
    """Two instances before the broker was away; the first of them that is back does not close the other's windows."""
    taken = partition()
    for offset, name in enumerate(("one", "two")):
        taken.take(Record(offset, BEGIN, body(0, {1: 1}, name)))
    taken.take(Record(2, BEGIN + SECOND, TICK))
    back = BEGIN + SECOND + AWAY
    step = taken.take(Record(3, back, body(1, {1: 1}, "one")))
    assert emissions(step) == []
    last = taken.take(Record(4, back + SECOND // 10, body(1, {2: 7}, "two")))
    assert last.outcome.late == 0
    assert requests_in(samples(emissions(last))).total() == 2 + 2 + 2 + 8


def test_shards_of_one_service_in_one_partition_wait_for_each_other() -> None:
    """Each has the point that ends the export; the second comes when windows have been looked at since the first."""
    taken = partition()
    found: list[Emission] = []
    for second in range(3):
        begin, time = BEGIN + second * SECOND, BEGIN + (second + 1) * SECOND
        for number, (shard, users, nobody) in enumerate([(b"mes-api#0/8", {"a" * 16: 3}, 2), (b"mes-api#5/8", {}, 0)]):
            made = export(begin, time, users, nobody, "one", "mes-api").SerializeToString()
            step = taken.take(Record(2 * second + number, time + number * SECOND // 2, made, shard))
            assert (step.outcome.late, step.outcome.repeated) == (0, 0)
            found += emissions(step)
    found += emissions(taken.take(Record(6, BEGIN + 4 * SECOND, TICK)))
    assert requests_in(samples(found)).total() == 3 * (3 + 2)


class Fragile(Engine):
    """Raises at some users, half-way."""

    def apply(self, exports: Any, now: int) -> Any:
        for each in exports:
            super().apply([each], now)
            if 666 in each.users:
                raise ArithmeticError("666")
        return super().apply([], now)

    def execute(self, command: Any) -> Any:
        if getattr(command, "service", "") == "cursed" and type(command).__name__ == "Close":
            raise ArithmeticError("cursed")
        return super().execute(command)


def test_a_record_that_makes_the_core_raise_is_told_and_can_be_left_out() -> None:
    records = [Record(0, BEGIN, body(0, {1: 5})), Record(1, BEGIN, body(0, {666: 1}, "two"))]
    records.append(Record(2, BEGIN + SECOND, TICK))
    with pytest.raises(DefectError) as met:
        said(records, partition(engine=Fragile))
    assert met.value.record.offset == 1
    assert met.value.points == {"mes-api": 2}
    apart = Apart()
    met.value.set_apart(apart)
    assert samples(said(records, partition(apart=apart, engine=Fragile))) == samples(
        said([records[0], records[2]], partition())
    )


def test_a_service_whose_windows_cannot_be_closed_begins_anew_and_the_others_go_on() -> None:
    records = [
        Record(0, BEGIN, body(0, {1: 5})),
        Record(1, BEGIN, body(0, {1: 5}, service="cursed")),
        Record(2, BEGIN + SECOND, TICK),
    ]
    with pytest.raises(DefectError) as met:
        said(records, partition(engine=Fragile))
    assert met.value.service == "cursed"
    apart = Apart()
    met.value.set_apart(apart)
    found = samples(said(records, partition(apart=apart, engine=Fragile)))
    assert found == samples(said([records[0], records[2]], partition()))
    apart.forget(3)
    assert not apart.services


def test_time_does_not_go_back() -> None:
    taken = partition()
    taken.take(Record(0, BEGIN, TICK))
    taken.take(Record(1, BEGIN - 5 * NANOSECONDS, TICK))
    assert taken.time == BEGIN


def test_a_snapshot_of_another_format_is_refused() -> None:
    state = partition().dump() | {"format": 99}
    with pytest.raises(NewerFormatError, match="format 99"):
        partition().load(state)
