"""All that is said of a demand: by formula, by simulation, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reduse.sizing.choice import Option, choose, fewest, options
from reduse.sizing.costs import Costs
from reduse.sizing.demand import Demand
from reduse.sizing.formula import Kept, Sized, shards_of, size
from reduse.sizing.prices import Monthly, Prices, monthly
from reduse.sizing.recovery import Recovery, recover
from reduse.sizing.simulation import by_partition, keyed


@dataclass(frozen=True, slots=True)
class Answer:
    demand: Demand
    costs: Costs
    kept: Kept
    workers: int
    sharded_services: int
    most_shards: int
    sized: Sized
    chosen: Option
    options: tuple[Option, ...]
    recoveries: tuple[Recovery, ...]
    monthly: Monthly

    def as_dict(self) -> dict[str, Any]:
        """For JSON: a recovery that never ends has no seconds."""
        found = asdict(self)
        found["sized"]["disk_gb"] = self.sized.disk_gb
        found["monthly"]["total"] = self.monthly.total
        after = [option["after"] for option in (found["chosen"], *found["options"]) if option["after"]]
        for each in (*found["recoveries"], *after):
            each["seconds"] = each["seconds"] if math.isfinite(each["seconds"]) else None
        return found


def answer(
    demand: Demand,
    costs: Costs,
    kept: Kept,
    prices: Prices,
    workers: int | None = None,
    deaths: Sequence[int] = (),
    seed: int = 1,
) -> Answer:
    """`workers`: None for the fewest of whom the most loaded has room. `deaths`: how many die at once, each a case of
    its own; without any: one worker, two, and a tenth of them.

    Raises ValueError for what is no demand, and when as many would die as there are.
    """
    shards = keyed(demand, costs, seed)
    if workers is None:
        workers = fewest(shards, size(demand, costs, kept, 1).least_workers, costs, seed)
    found = options(shards, workers, costs, seed)
    chosen = choose(found)
    loads = by_partition(shards, chosen.spread.partitions)
    cases = deaths or sorted({died for died in (1, 2, workers // 10) if 0 < died < workers})
    recoveries = tuple(recover(loads, workers, died, costs, seed) for died in cases)
    sized = size(demand, costs, kept, workers)
    counts = shards_of(demand, costs)
    return Answer(
        demand,
        costs,
        kept,
        workers,
        sum(count > 1 for count in counts),
        max(counts),
        sized,
        chosen,
        tuple(found),
        recoveries,
        monthly(sized, workers, kept.replicas, prices),
    )
