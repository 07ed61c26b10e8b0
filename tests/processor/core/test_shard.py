"""What a host relies on: the same calls give the same, the state says where it is, and a stale shard is told."""

from typing import Any

import pytest

from reduse.processor.core.bounds import Bounds
from reduse.processor.core.command import Close
from reduse.processor.core.engine import Engine
from reduse.processor.core.format_check import NewerFormatError
from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.shard import ServiceDefectError, Shard, is_stale
from reduse.processor.core.units import NANOSECONDS
from tests.processor.builders import EPOCH, export, totals
from tests.processor.state.fragile import POISON, Fragile

SECOND = NANOSECONDS


def shard() -> Shard:
    return Shard(lambda: Engine(BUILT_IN))


def second(driven: Shard, number: int) -> None:
    now = EPOCH + (number + 1) * SECOND
    driven.take([export(number, number + 1, {1: 10, 2: 1}, anonymous=1)], now)
    driven.tick(now)


def copied(state: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = unpack(pack(state))
    return found


def test_what_is_taken_is_emitted_by_the_tick_that_closes_its_window() -> None:
    driven = shard()
    outcome = driven.take([export(0, 1, {1: 10, 2: 1}, anonymous=1)], EPOCH + SECOND)
    emissions = driven.tick(EPOCH + SECOND)

    assert outcome.counted == 4
    assert [each.time for each in emissions] == [EPOCH + SECOND]
    assert totals(emissions) == {"user": 11, "anonymous": 1, "overflow": 0}
    assert driven.tick(EPOCH + SECOND) == []


def test_the_sequence_counts_what_changed_the_state_and_is_part_of_it() -> None:
    driven = shard()
    second(driven, 0)
    # The export, and the window that it closes.
    assert driven.sequence == 2
    driven.tick(EPOCH + SECOND)
    assert driven.sequence == 2, "nothing was due"
    driven.resume(EPOCH + SECOND)
    other = shard()
    other.load(copied(driven.dump()))

    assert other.sequence == driven.sequence == 3


def test_a_shard_whose_partition_was_elsewhere_is_stale_until_it_is_loaded() -> None:
    here, there = shard(), shard()
    second(here, 0)
    stored = copied(here.dump())
    assert not is_stale(here, stored["sequence"])
    # It goes on without storing, and its partition goes to another worker, which begins at the stored state.
    second(here, 1)
    there.load(stored)
    assert is_stale(here, stored["sequence"])
    for number in range(1, 4):
        second(there, number)
    stored = copied(there.dump())
    assert is_stale(here, stored["sequence"])
    here.load(stored)

    assert not is_stale(here, stored["sequence"])
    assert pack(here.dump()) == pack(there.dump())


def test_a_new_shard_goes_on_from_no_state_only() -> None:
    assert not is_stale(shard(), 0)
    assert is_stale(shard(), 1)


def test_what_cannot_be_read_leaves_the_shard_as_it_was() -> None:
    driven = shard()
    second(driven, 0)
    before = pack(driven.dump())
    state = copied(driven.dump())
    with pytest.raises(NewerFormatError, match="format 99"):
        driven.load({**state, "format": 99})
    with pytest.raises(KeyError):
        driven.load({**state, "repeats": {}})

    assert pack(driven.dump()) == before


def test_a_defect_of_one_service_says_which_and_the_shard_made_anew_goes_on_without_it() -> None:
    driven = Shard(lambda: Fragile(BUILT_IN))
    driven.take([export(0, 1, {1: 1}, service=str(POISON)), export(0, 1, {1: 5})], EPOCH + SECOND)
    stored = copied(driven.dump())
    with pytest.raises(ServiceDefectError) as raised:
        driven.tick(EPOCH + SECOND)
    assert raised.value.service == str(POISON)
    assert isinstance(raised.value.command, Close)
    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    driven.load(stored)
    driven.give_up(str(POISON))

    assert totals(driven.tick(EPOCH + SECOND))["user"] == 5
    assert driven.engine.services == 1


def test_room_is_looked_for_again_after_a_service_has_ended_at_the_same_moment() -> None:
    """Or else a shard that was loaded in between would take what another refuses."""
    bounds = Bounds(services=1, repeat_horizon=2 * SECOND)
    driven, other = (Shard(lambda: Engine(BUILT_IN, bounds=bounds)) for _ in range(2))
    now = EPOCH + 10 * SECOND
    newcomer = [export(9, 10, {1: 1}, service="shop-api")]
    for each in (driven, other):
        each.take([export(0, 1, {1: 1})], EPOCH + SECOND)
        assert each.take(newcomer, now).refused.total() == 3
        each.tick(now)
        if each is other:
            each.load(copied(each.dump()))
        assert each.take(newcomer, now).counted == 3
    assert pack(driven.dump()) == pack(other.dump())


def test_where_shards_of_an_export_come_one_by_one_a_stream_that_begins_waits_for_the_others() -> None:
    driven = Shard(lambda: Engine(BUILT_IN, bounds=Bounds(settling=SECOND)))
    for begin in (0, 20):
        now = EPOCH + (begin + 1) * SECOND
        driven.take([export(begin, begin + 1, {1: 10}, anonymous=1, instance="one#0/2")], now)
        assert driven.tick(now + SECOND // 2) == []
        taken = driven.take([export(begin, begin + 1, {2: 1}, anonymous=0, instance="one#1/2")], now + SECOND // 2)
        assert taken.late == 0
        assert driven.tick(now + SECOND) == []
        (emission,) = driven.tick(now + SECOND + SECOND // 2)
        assert emission.time == now
        # Afterwards each window closes as soon as both are complete.
        for instance in ("one#0/2", "one#1/2"):
            driven.take([export(begin + 1, begin + 2, {3: 1}, instance=instance)], now + 2 * SECOND)
        assert len(driven.tick(now + 2 * SECOND)) == 1
        driven.tick(now + 10 * SECOND)
