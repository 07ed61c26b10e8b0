"""How many partitions, and how many workers: the fewest with whom nobody has too much, also when one has died."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reduse.sizing.costs import Costs
from reduse.sizing.formula import MOST_USE, SERVICES
from reduse.sizing.recovery import Recovery, recover
from reduse.sizing.simulation import Keyed, Spread, by_partition, spread

# Partitions for each worker that are tried, the fewest first.
FACTORS = (1, 2, 3, 4, 6, 8, 12, 16)
# Of a core, of whoever has taken over from one that died: what is left is for what has piled up.
MOST_USE_AFTER = 0.8
# More are not looked for: a service whose shards are too large for a worker is none that workers help.
MOST_WORKERS = 2000


@dataclass(frozen=True, slots=True)
class Option:
    """A number of partitions; `after`: when one worker has died, None where there is only one."""

    spread: Spread
    after: Recovery | None

    @property
    def fits(self) -> bool:
        """Nobody has too much, and no partition more services than it keeps."""
        room_after = self.after is None or self.after.most_use <= MOST_USE_AFTER
        return self.spread.most_use <= MOST_USE and room_after and self.spread.most_shards <= SERVICES

    @property
    def worst(self) -> float:
        return self.spread.most_use if self.after is None else max(self.spread.most_use, self.after.most_use)


def options(shards: Sequence[Keyed], workers: int, costs: Costs, seed: int) -> list[Option]:
    """With each number of partitions that is tried."""
    found = []
    for partitions in (factor * workers for factor in FACTORS):
        loads = by_partition(shards, partitions)
        after = recover(loads, workers, 1, costs, seed) if workers > 1 else None
        found.append(Option(spread(shards, partitions, workers, seed), after))
    return found


def choose(found: Sequence[Option]) -> Option:
    """The fewest partitions that fit; where none do, those with which it is least bad."""
    kept = [each for each in found if each.spread.most_shards <= SERVICES] or found[-1:]
    return next((each for each in kept if each.fits), min(kept, key=lambda each: each.worst))


def fewest(shards: Sequence[Keyed], least: int, costs: Costs, seed: int) -> int:
    """Workers, from as many as the formula asks for on; where none are enough, as many as were looked at."""
    workers = least
    while workers < MOST_WORKERS and not choose(options(shards, workers, costs, seed)).fits:
        workers += max(workers // 10, 1)
    return workers
