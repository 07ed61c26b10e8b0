"""A bound on the series of each instrument of the SDK, as the SDK's own from 1.45.2 on.

Older ones keep every set of attributes that they ever saw: an id in an attribute would fill the memory of the service
and of the store. Streams of an SDK that has the bound itself are left alone.
Source: OpenTelemetry SDK specification, "Cardinality limits".
"""

from typing import Any

from opentelemetry.sdk.metrics import MeterProvider

from reduse.distro.base.aggregation import OVERFLOW_ATTRIBUTE, SERIES_LIMIT
from reduse.distro.base.internals.sdk import has_bound_of_its_own, hold_series_in, hold_streams_in, rename_series


class _Series(dict[Any, Any]):
    """The aggregations of one stream by their attributes; those beyond the bound are one, marked.

    The SDK looks for a set of attributes, puts an aggregation there where there is none, and then takes what is there.
    The look and the take stay those of a plain dictionary: only what is new costs more.
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit
        self._overflow: Any = None

    def __setitem__(self, key: Any, aggregation: Any) -> None:
        if len(self) < self._limit or key in self:
            super().__setitem__(key, aggregation)
        elif self._overflow is None:
            rename_series(aggregation, {OVERFLOW_ATTRIBUTE: True})
            self._overflow = aggregation
            super().__setitem__(OVERFLOW_ATTRIBUTE, aggregation)

    def __missing__(self, _key: Any) -> Any:
        return self._overflow


class _Streams(dict[Any, list[Any]]):
    """The streams of each instrument, bounded before anything can measure into them."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def __setitem__(self, instrument: Any, streams: list[Any]) -> None:
        for stream in streams:
            if not has_bound_of_its_own(stream):
                hold_series_in(stream, _Series(self._limit))
        super().__setitem__(instrument, streams)


def bound_streams(provider: MeterProvider, limit: int = SERIES_LIMIT) -> None:
    """Bound the instruments of a provider that has measured nothing yet: `limit` series, and one for all others."""
    hold_streams_in(provider, lambda: _Streams(limit))
