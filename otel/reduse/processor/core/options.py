"""What processors are made with. Read by settings, too, which need nothing that takes long to import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reduse.limit import PolicyLimit
from reduse.processor.core.ladder import DEFAULT_LADDER, Ladder

DEFAULT_CONCURRENCY_LIMITS: tuple[float, ...] = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
# Members of the top K are at most this many times K; beyond it those outside for longest leave early.
MEMBERS_FACTOR = 2
# Of so many of the most active users the share of requests is told.
SHARE_TOPS = (1, 10, 100)


@dataclass(frozen=True, slots=True)
class Options:
    """What every processor is made with. `concurrency_limits` in requests at once; `user_limit` bounds users kept in
    state, `labels_per_day` those who get a series of their own."""

    top_k: int = 20
    ladders: tuple[Ladder, ...] = (DEFAULT_LADDER,)
    user_limit: int = 1_000_000
    # By service and policy.
    policy_limits: Mapping[tuple[str, str], tuple[PolicyLimit, ...]] = field(default_factory=dict)
    concurrency_limits: tuple[float, ...] = DEFAULT_CONCURRENCY_LIMITS
    labels_per_day: int = 2_000
