"""Durations of database operations.

Source: OpenTelemetry semantic conventions, "Database metrics", `db.client.operation.duration`, and "PostgreSQL".
"""

from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from reduse.distro.base.aggregation import HistogramAggregation, HistogramState

SYSTEM = "postgresql"
ATTRIBUTES = (
    "db.operation.name",
    "db.system.name",
    "db.namespace",
    "server.address",
    "server.port",
    "db.response.status_code",
    "error.type",
)

# The advised bounds, seconds.
DURATION_BOUNDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)


class Place(NamedTuple):
    """The database that a connection is to."""

    namespace: str | None
    address: str | None
    port: int | None


class Failure(NamedTuple):
    """How an operation failed: the server's SQLSTATE when there is one, and `error.type`."""

    status_code: str | None
    error_type: str


_DONE = (None, None)


class DatabaseAggregation:
    """`db.client.operation.duration`.

    `on_first` is called when the first operation of the process is counted.
    """

    def __init__(self, on_first: Callable[[], None]) -> None:
        self._on_first = on_first
        self.reset()

    def reset(self) -> None:
        """Start from nothing with a lock of our own: for a forked child."""
        self._lock = Lock()
        self._began = False
        self._durations = HistogramAggregation(ATTRIBUTES, DURATION_BOUNDS)

    def operated(self, operation: str | None, place: Place, failure: Failure | None, seconds: float) -> None:
        """An operation was done, or failed, after `seconds`; `operation` is a name of a bounded set."""
        if not self._began:
            self._began = True
            self._on_first()
        key = (operation, SYSTEM, *place, *(failure or _DONE))
        with self._lock:
            self._durations.observe(key, seconds)

    def collect(self, previous: int) -> list[HistogramState]:
        """Everything since the first operation. `previous`: when the last collection was."""
        with self._lock:
            return self._durations.states(previous)
