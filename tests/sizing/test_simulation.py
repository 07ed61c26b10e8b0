"""Nothing is lost on the way from services to workers, whoever has what and whoever dies."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.sizing.answer import answer
from reduse.sizing.choice import MOST_USE_AFTER, choose, fewest, options
from reduse.sizing.costs import Costs
from reduse.sizing.demand import Demand
from reduse.sizing.formula import MOST_USE, SERVICES, Kept, size
from reduse.sizing.prices import Prices
from reduse.sizing.recovery import SESSION_TIMEOUT_SECONDS, recover
from reduse.sizing.simulation import Load, by_partition, by_worker, deal, keyed, spread
from tests.sizing.demands import DEMANDS

COSTS = Costs()
SEEDS = st.integers(0, 5)
WORKERS = st.integers(1, 20)
PARTITIONS = st.integers(1, 200)


@given(DEMANDS, SEEDS, PARTITIONS, WORKERS)
def test_the_loads_of_partitions_and_of_workers_are_the_whole(
    demand: Demand, seed: int, partitions: int, workers: int
) -> None:
    whole = size(demand, COSTS, Kept(), 1).worker_cores
    shards = keyed(demand, COSTS, seed)
    loads = by_partition(shards, partitions)
    shared = by_worker(loads, deal(partitions, workers, seed))
    for each in (loads, shared):
        assert math.isclose(math.fsum(load.cores for load in each), whole, rel_tol=1e-9)
        assert math.isclose(math.fsum(load.users for load in each), demand.users, rel_tol=1e-9)
        assert sum(load.shards for load in each) == len(shards)


@given(PARTITIONS, WORKERS, SEEDS)
def test_each_partition_has_one_worker_and_nobody_has_two_more_than_another(
    partitions: int, workers: int, seed: int
) -> None:
    dealt = deal(partitions, workers, seed)
    assert sorted(number for numbers in dealt for number in numbers) == list(range(partitions))
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 1


@given(DEMANDS, SEEDS, PARTITIONS, WORKERS)
def test_the_most_loaded_has_no_less_than_the_mean_and_than_the_largest_shard(
    demand: Demand, seed: int, partitions: int, workers: int
) -> None:
    shards = keyed(demand, COSTS, seed)
    found = spread(shards, partitions, workers, seed)
    assert found.most_use >= found.mean_use * (1 - 1e-9)
    assert found.most_use >= max(shard.load.cores for shard in shards) * (1 - 1e-9)


@given(DEMANDS, SEEDS, st.integers(1, 50), st.integers(2, 4))
def test_partitions_that_are_divided_are_no_fuller(demand: Demand, seed: int, partitions: int, parts: int) -> None:
    shards = keyed(demand, COSTS, seed)
    few, many = (by_partition(shards, number) for number in (partitions, partitions * parts))
    assert max(load.cores for load in many) <= max(load.cores for load in few) * (1 + 1e-9)


@given(DEMANDS, SEEDS, st.integers(2, 100), st.integers(2, 12), st.data())
def test_recovery_takes_its_time_and_older_snapshots_take_no_less(
    demand: Demand, seed: int, partitions: int, workers: int, data: st.DataObject
) -> None:
    died = data.draw(st.integers(1, workers - 1))
    loads = by_partition(keyed(demand, COSTS, seed), partitions)
    young, old = (recover(loads, workers, died, COSTS, seed, snapshot_age=age) for age in (0.0, 300.0))
    assert SESSION_TIMEOUT_SECONDS <= young.seconds <= old.seconds
    assert young.most_use == old.most_use
    total = math.fsum(load.cores for load in loads)
    assert old.most_use >= total / (workers - died) * (1 - 1e-9)
    # Whoever has more than a core never catches up with what it took over.
    assert math.isfinite(old.seconds) or old.most_use >= 1


def test_recovery_by_hand() -> None:
    costs = Costs(restore_s_per_gb=10, state_bytes_per_user=100)
    loads = [Load(0.25, 1_000_000), Load(0.25, 1_000_000)]
    found = recover(loads, 2, 1, costs, seed=1, snapshot_age=60, detection=10)
    # A tenth of a GB to read is a second; then 71 s of its work and one of the other's, at half a core.
    assert found.restore_seconds == pytest.approx(1)
    assert found.seconds == pytest.approx(10 + 1 + (0.25 * 71 + 0.25) / 0.5)
    assert found.most_use == pytest.approx(0.5)


@pytest.mark.parametrize("died", [0, 3])
def test_somebody_is_left(died: int) -> None:
    with pytest.raises(ValueError, match="1 to 2 can die"):
        recover([Load()], 3, died, COSTS, 1)


@pytest.mark.slow
@given(DEMANDS, SEEDS, st.integers(1, 12))
def test_the_same_seed_gives_the_same_answer(demand: Demand, seed: int, workers: int) -> None:
    first, again = (answer(demand, COSTS, Kept(), Prices(), workers, seed=seed) for _ in range(2))
    assert first == again
    assert json.loads(json.dumps(first.as_dict(), allow_nan=False))["workers"] == workers


def test_the_chosen_partitions_are_the_fewest_with_which_all_have_room() -> None:
    shards = keyed(Demand(10_000_000, 1000, 0.1), COSTS, 1)
    workers = fewest(shards, 1, COSTS, 1)
    found = options(shards, workers, COSTS, 1)
    chosen = choose(found)
    assert chosen.spread.most_use <= MOST_USE
    assert chosen.after is not None
    assert chosen.after.most_use <= MOST_USE_AFTER
    assert chosen.spread.most_shards <= SERVICES
    assert not any(each.fits for each in found[: found.index(chosen)])
    assert not choose(options(shards, workers - 1, COSTS, 1)).fits
