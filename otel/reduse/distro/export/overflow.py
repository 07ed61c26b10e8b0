"""Which metrics have reached the bound of their series: said once for each, and counted."""

import logging

from opentelemetry.sdk.metrics.export import MetricsData

from reduse.distro.base.aggregation import OVERFLOW_ATTRIBUTE, SERIES_LIMIT

_logger = logging.getLogger(__name__)


class Overflow:
    """The metrics of this process that have more than `limit` series; the rest of them is in one that is marked."""

    def __init__(self, limit: int = SERIES_LIMIT) -> None:
        self._limit = limit
        self.reset()

    def reset(self) -> None:
        """Know of none: for a forked child."""
        self._known: set[tuple[str, str]] = set()

    @property
    def metrics(self) -> int:
        """How many metrics have reached their bound since the start."""
        return len(self._known)

    def look(self, data: MetricsData) -> None:
        """Look for metrics that are new among them."""
        for resource in data.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    if len(metric.data.data_points) > self._limit:
                        self._found(scope.scope.name, metric.name)

    def _found(self, scope: str, metric: str) -> None:
        if (scope, metric) in self._known:
            return
        self._known.add((scope, metric))
        _logger.warning(
            "%s of %s has more than %d sets of attributes: further sets are summed under %s. "
            "One of its attributes has too many values, possibly an id",
            metric,
            scope,
            self._limit,
            OVERFLOW_ATTRIBUTE,
        )
