"""The pools of a process are read while they live, by name, within a bound."""

import gc
from dataclasses import dataclass

import pytest

from reduse.distro.sources.database.connection_pools import NAME_LIMIT, OTHER, ConnectionPools, PoolReading, Usage

USAGE = Usage(idle=1, used=2, maximum=5)


@dataclass(eq=False)
class Pool:
    name: str
    usage: Usage = USAGE


def known(*pools: Pool) -> ConnectionPools:
    registry = ConnectionPools(lambda pool: pool.name, lambda pool: pool.usage)
    for pool in pools:
        registry.add(pool)
    return registry


def test_pools_of_one_name_are_reported_together_and_each_once() -> None:
    first, second, other = Pool("a"), Pool("a"), Pool("b")
    pools = known(first, second, other, first)
    assert pools.readings() == [
        PoolReading("a", idle=2, used=4, maximum=10),
        PoolReading("b", idle=1, used=2, maximum=5),
    ]


@pytest.mark.slow
def test_a_pool_is_not_kept_alive_and_leaves_zeros() -> None:
    """Zeros rather than nothing: a series that only ends would show its last value for minutes."""
    pool = Pool("a")
    pools = known(pool)
    del pool
    gc.collect()
    assert pools.readings() == [PoolReading("a")]
    assert pools._pools == {}


def test_callers_are_pending_until_they_are_answered() -> None:
    pool = Pool("a")
    pools = known(pool)
    first, second = pools.ask(pool), pools.ask(pool)
    assert pools.readings()[0].pending == 2
    pools.answer(first, timed_out=True)
    pools.answer(second, timed_out=False)
    (reading,) = pools.readings()
    assert (reading.pending, reading.timeouts) == (0, 1)


def test_beyond_the_bound_pools_share_a_name() -> None:
    some = [Pool(f"tenant-{number}") for number in range(NAME_LIMIT + 3)]
    readings = {reading.name: reading for reading in known(*some).readings()}
    assert len(readings) == NAME_LIMIT + 1
    assert readings[OTHER] == PoolReading(OTHER, idle=3, used=6, maximum=15)


def test_after_a_fork_a_pool_is_known_from_its_first_use() -> None:
    pool = Pool("a")
    pools = known(pool)
    asked = pools.ask(pool)
    pools.reset()
    assert pools.readings() == []
    pools.answer(pools.ask(pool), timed_out=False)
    assert pools.readings() == [PoolReading("a", idle=1, used=2, maximum=5)]
    pools.answer(asked, timed_out=True)
    assert pools.readings()[0].pending == 0
