"""Connection pools as metrics.

Source: OpenTelemetry semantic conventions, "Database metrics", Connection pools.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from reduse.distro.base.aggregation import SumState
from reduse.distro.base.source import CollectedMetric, SumMetric
from reduse.distro.sources.database.connection_pools import ConnectionPools, PoolReading
from reduse.distro.sources.instrumentation import Process

_NAME = "db.client.connection.pool.name"
_STATE = "db.client.connection.state"


class PoolMetrics:
    """The source of the metrics of connection pools."""

    def __init__(self, _process: Process | None = None) -> None:
        self._followed: list[ConnectionPools] = []
        self._starts: dict[str, int] = {}

    def follow(self, pools: ConnectionPools) -> None:
        """Report these pools too."""
        self._followed.append(pools)

    def reset(self) -> None:
        """Know no pool."""
        self._starts = {}
        for pools in self._followed:
            pools.reset()

    def collect(self, previous: int, end: int) -> Sequence[CollectedMetric]:  # noqa: ARG002 - as every source
        """What the pools are at now."""
        readings = together(reading for pools in self._followed for reading in pools.readings())
        for reading in readings:
            self._starts.setdefault(reading.name, previous)
        return pool_metrics(readings, self._starts) if readings else ()


def together(readings: Iterable[PoolReading]) -> list[PoolReading]:
    """Pools of different libraries that go by one name, as one."""
    sums: dict[str, PoolReading] = {}
    for reading in readings:
        known = sums.get(reading.name)
        sums[reading.name] = reading if known is None else known + reading
    return list(sums.values())


def pool_metrics(readings: Sequence[PoolReading], starts: Mapping[str, int]) -> list[CollectedMetric]:
    """The metrics of these pools; `starts`: since when each name is counted, nanoseconds of Unix time."""

    def each(value: Callable[[PoolReading], int], of: Sequence[PoolReading] = readings) -> list[SumState]:
        return [SumState({_NAME: reading.name}, starts[reading.name], value(reading)) for reading in of]

    count = []
    for reading in readings:
        start = starts[reading.name]
        count.append(SumState({_NAME: reading.name, _STATE: "idle"}, start, reading.idle))
        count.append(SumState({_NAME: reading.name, _STATE: "used"}, start, reading.used))
    return [
        SumMetric(
            "db.client.connection.count",
            "The number of connections that are currently in state described by the state attribute.",
            "{connection}",
            count,
            monotonic=False,
        ),
        SumMetric(
            "db.client.connection.max",
            "The maximum number of open connections allowed.",
            "{connection}",
            each(lambda reading: reading.maximum or 0, [each for each in readings if each.maximum is not None]),
            monotonic=False,
        ),
        SumMetric(
            "db.client.connection.pending_requests",
            "The number of current pending requests for an open connection.",
            "{request}",
            each(lambda reading: reading.pending),
            monotonic=False,
        ),
        SumMetric(
            "db.client.connection.timeouts",
            "The number of times that no connection could be obtained from the pool for as long as it waits.",
            "{timeout}",
            each(lambda reading: reading.timeouts),
            monotonic=True,
        ),
    ]
