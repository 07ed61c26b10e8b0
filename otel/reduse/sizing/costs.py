"""What was measured, by `./reduse bench scaling`: the figures that everything else is computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Costs:
    """The defaults are those of docs/benchmarks.md; another machine has others."""

    # A worker's CPU for a point, in µs, without its start.
    kafka_worker_working_us: float = 0.413
    # A worker's CPU for one more window, of a service or of a shard, in ms.
    window_ms: float = 0.687
    # The broker's CPU for a point, in µs, on one replica.
    broker_us: float = 0.233
    # A point in the topic of exports, compressed.
    bytes_per_point: float = 30.3
    # The metrics of one service and second, before compression.
    metrics_bytes_per_window: float = 14_220
    # A user's part of a snapshot, and of a worker's memory.
    state_bytes_per_user: float = 82.6
    resident_bytes_per_user: float = 246.7
    # A worker's memory without a user.
    worker_base_bytes: float = 214e6
    # To take over a state, in s of a worker's CPU for each GB.
    restore_s_per_gb: float = 2.87

    @classmethod
    def of(cls, figures: Mapping[str, Any]) -> Self:
        """As the benchmark's JSON has them. Raises ValueError that names a figure which is missing or no number."""
        found: dict[str, float] = {}
        for name in (field.name for field in fields(cls)):
            value = figures.get(name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
                raise ValueError(
                    f"{name} is {'missing' if value is None else value!r}: it has to be a number from 0 on"
                )
            found[name] = float(value)
        return cls(**found)

    def as_dict(self) -> dict[str, float]:
        return asdict(self)
