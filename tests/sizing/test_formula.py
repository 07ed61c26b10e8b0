"""What is needed follows from what comes."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.bounds import Bounds
from reduse.processor.core.options import Options
from reduse.sizing.costs import Costs
from reduse.sizing.demand import Demand
from reduse.sizing.formula import (
    ACTIVE_USERS,
    MOST_SHARDS,
    MOST_USE,
    SERVICES,
    SHARD_USE,
    WINDOW_USERS,
    Kept,
    shards_of,
    size,
)
from reduse.sizing.prices import Prices, monthly
from tests.sizing.demands import DEMANDS

COSTS = Costs()


@given(DEMANDS)
def test_a_shard_is_small_unless_there_are_as_many_as_can_be(demand: Demand) -> None:
    for share, shards in zip(demand.shares(), shards_of(demand, COSTS), strict=True):
        cores = share * demand.points * COSTS.kafka_worker_working_us / 1e6
        assert shards & (shards - 1) == 0
        parts = cores / SHARD_USE, share * demand.users / ACTIVE_USERS, share * demand.users_in_window / WINDOW_USERS
        assert max(parts) / shards <= 1 + 1e-9 or shards == MOST_SHARDS
        assert shards == 1 or max(parts) / (shards / 2) > 1 - 1e-9


@given(DEMANDS, st.integers(1, 100))
def test_what_doubles_with_users_and_what_does_not(demand: Demand, workers: int) -> None:
    once, twice = (
        size(replace(demand, users=users), COSTS, Kept(), workers) for users in (demand.users, 2 * demand.users)
    )
    for name in ("points_per_second", "exports_mb_per_second", "exports_topic_gb", "broker_cores", "state_gb"):
        assert getattr(twice, name) == pytest.approx(2 * getattr(once, name))
    assert twice.metrics_mb_per_second == once.metrics_mb_per_second
    assert twice.worker_cores > once.worker_cores


@given(DEMANDS)
def test_the_fewest_workers_have_room_in_the_mean(demand: Demand) -> None:
    sized = size(demand, COSTS, Kept(), 1)
    assert sized.worker_cores / sized.least_workers <= MOST_USE * (1 + 1e-9)
    assert sized.least_workers == 1 or sized.worker_cores / (sized.least_workers - 1) > MOST_USE


def test_figures_by_hand() -> None:
    costs = Costs(1.0, 0.0, 0.5, 100, 1000, 50, 200, 1e8, 1.0)
    sized = size(Demand(1_000_000, 10, 1000, interval=10), costs, Kept(2, 3600), 4)
    assert sized.points_per_second == pytest.approx(100_000)
    assert sized.worker_cores == pytest.approx(0.1)
    assert sized.broker_cores == pytest.approx(0.1)
    assert sized.memory_gb == pytest.approx(0.6)
    assert sized.exports_mb_per_second == pytest.approx(10)
    assert sized.exports_topic_gb == pytest.approx(72)
    assert sized.state_topic_gb == pytest.approx(0.2)


@given(DEMANDS, st.integers(1, 50))
def test_a_price_of_nothing_costs_nothing_and_costs_add_up(demand: Demand, workers: int) -> None:
    sized = size(demand, COSTS, Kept(), workers)
    assert monthly(sized, workers, 3, Prices(0, 0, 0, 0)).total == 0
    found = monthly(sized, workers, 3, Prices())
    assert math.isclose(found.total, found.workers + found.brokers + found.disks + found.transfer)
    assert found.workers < monthly(sized, workers + 1, 3, Prices()).workers


def test_costs_are_read_from_what_the_benchmark_prints() -> None:
    assert Costs.of({**COSTS.as_dict(), "served_durable_us": 0.6}) == COSTS
    for wrong in (None, "1", True, -1, math.nan):
        with pytest.raises(ValueError, match="window_ms"):
            Costs.of({**COSTS.as_dict(), "window_ms": wrong})


def test_a_partition_keeps_by_default_what_is_reckoned_with() -> None:
    assert (Bounds().services, Options().user_limit, Bounds().window_users) == (SERVICES, ACTIVE_USERS, WINDOW_USERS)
