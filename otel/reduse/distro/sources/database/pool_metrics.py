"""Connection pools as metrics.

Source: OpenTelemetry semantic conventions, "Database metrics", Connection pools.
"""

from collections.abc import Callable, Iterator

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from reduse.distro.sources.database.connection_pools import ConnectionPools, PoolReading

_NAME = "db.client.connection.pool.name"
_STATE = "db.client.connection.state"


def report_pools(pools: ConnectionPools, meter: Meter) -> None:
    """Report the pools by observable instruments of this meter."""

    def count(_options: CallbackOptions) -> Iterator[Observation]:
        for reading in pools.readings():
            yield Observation(reading.idle, _attributes(reading) | {_STATE: "idle"})
            yield Observation(reading.used, _attributes(reading) | {_STATE: "used"})

    def each(value: Callable[[PoolReading], int]) -> Callable[[CallbackOptions], Iterator[Observation]]:
        return lambda _options: (Observation(value(reading), _attributes(reading)) for reading in pools.readings())

    meter.create_observable_up_down_counter(
        "db.client.connection.count",
        callbacks=[count],
        unit="{connection}",
        description="The number of connections that are currently in state described by the state attribute.",
    )
    meter.create_observable_up_down_counter(
        "db.client.connection.max",
        callbacks=[each(lambda reading: reading.maximum)],
        unit="{connection}",
        description="The maximum number of open connections allowed.",
    )
    meter.create_observable_up_down_counter(
        "db.client.connection.pending_requests",
        callbacks=[each(lambda reading: reading.pending)],
        unit="{request}",
        description="The number of current pending requests for an open connection.",
    )
    meter.create_observable_counter(
        "db.client.connection.timeouts",
        callbacks=[each(lambda reading: reading.timeouts)],
        unit="{timeout}",
        description="The number of times that no connection could be obtained from the pool for as long as it waits.",
    )


def _attributes(reading: PoolReading) -> dict[str, str]:
    return {_NAME: reading.name}
