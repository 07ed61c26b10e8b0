"""What happens when workers die: how long until those that are left have caught up.

The group notices after its session timeout, and deals the partitions of the dead out to the living. Whoever gets some
reads their snapshots first, and takes nothing meanwhile. Then it counts again what came since those snapshots, and all
that has piled up, while more comes.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from reduse.sizing.costs import Costs
from reduse.sizing.simulation import Load, by_worker, deal

# As REDUSE_KAFKA_SESSION_TIMEOUT_SECONDS and REDUSE_KAFKA_SNAPSHOT_INTERVAL_SECONDS are by default; the latter is the
# oldest that a snapshot gets.
SESSION_TIMEOUT_SECONDS = 10.0
SNAPSHOT_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Recovery:
    """After so many workers died at once: seconds until the last of the living has caught up, infinite when it never
    does; the longest part of them that was spent reading snapshots; the use of the most loaded one afterwards."""

    died: int
    seconds: float
    restore_seconds: float
    most_use: float


def recover(
    loads: Sequence[Load],
    workers: int,
    died: int,
    costs: Costs,
    seed: int,
    *,
    snapshot_age: float = SNAPSHOT_SECONDS,
    detection: float = SESSION_TIMEOUT_SECONDS,
) -> Recovery:
    """`loads` by partition. Which workers die, and who gets which of their partitions, is drawn by `seed`.

    `snapshot_age`: of all snapshots, the worst that there can be by default. Raises ValueError when nobody is left.
    """
    if not 0 < died < workers:
        raise ValueError(f"of {workers} workers 1 to {workers - 1} can die")
    chance = random.Random(seed)  # noqa: S311 - to be the same each time
    dealt = deal(len(loads), workers, seed)
    dead = set(chance.sample(range(workers), died))
    homeless = [number for worker in sorted(dead) for number in dealt[worker]]
    chance.shuffle(homeless)
    living = sorted((worker for worker in range(workers) if worker not in dead), key=lambda each: len(dealt[each]))
    taken = [homeless[place :: len(living)] for place in range(len(living))]
    own = by_worker(loads, [dealt[worker] for worker in living])
    new = by_worker(loads, taken)
    times = [_caught_up(mine, more, costs, snapshot_age, detection) for mine, more in zip(own, new, strict=True)]
    return Recovery(
        died,
        detection + max(total for total, _ in times),
        max(restore for _, restore in times),
        max((mine + more).cores for mine, more in zip(own, new, strict=True)),
    )


def _caught_up(own: Load, taken: Load, costs: Costs, snapshot_age: float, detection: float) -> tuple[float, float]:
    """Seconds from when the partitions are given until nothing waits, and of them those for the snapshots."""
    restore = taken.users * costs.state_bytes_per_user / 1e9 * costs.restore_s_per_gb
    use = own.cores + taken.cores
    if taken.cores == 0:
        return 0.0, restore
    if use >= 1:
        return math.inf, restore
    # Seconds of work that wait: what came to the dead since their snapshots, and to this one while it read them.
    work = taken.cores * (snapshot_age + detection + restore) + own.cores * restore
    return restore + work / (1 - use), restore
