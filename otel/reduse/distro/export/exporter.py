"""The bridge from our aggregations to OTLP: an exporter around the real one.

Python's SDK has no producer of ready-made metrics, and its instruments keep every attribute set that they ever saw.
So the SDK's reader calls this exporter with what its own instruments have, this one adds what we have, and the real
exporter sends both. The users go out by themselves: whoever takes them may be full or away without holding up the rest.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from opentelemetry.sdk.metrics.export import (
    Metric,
    MetricExporter,
    MetricExportResult,
    MetricsData,
    ResourceMetrics,
)
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_NAMESPACE, Resource

from reduse.distro.export.first_points import SYSTEM_METRICS, FirstPoints
from reduse.distro.export.metric_producer import MetricProducer
from reduse.distro.export.overflow import Overflow
from reduse.distro.export.points import SCOPE, in_our_scope
from reduse.distro.export.transport import EncodedExporter
from reduse.distro.export.user_encoding import encode_users
from reduse.distro.export.user_metric import user_metric
from reduse.distro.sources.users.backlog import Batch
from reduse.wire import SHARD_HEADER, shard_key

# About 70 bytes each: far below the 4 MB that gRPC servers take in one message by default, and copied in a millisecond.
POINTS_PER_REQUEST = 10_000

# These report in any process, working or not.
_IDLE_SCOPES = frozenset({SCOPE.name, SYSTEM_METRICS})


class ReduseMetricExporter(MetricExporter):
    """Sends the SDK's metrics and ours, then each user's delta until it has arrived.

    Undelivered deltas go oldest first, unchanged. When one does not arrive the attempt ends there, and the newer ones
    wait for the next.

    Args:
        make_exporter: makes the real exporter; called again in a forked child, whose parent's connection is dead.
        telemetry: what is exported.
        user_attribute: the name of the attribute that carries the user.
        points_per_request: users' points in one message, at most.
    """

    def __init__(
        self,
        make_exporter: Callable[[], MetricExporter],
        telemetry: MetricProducer,
        user_attribute: str,
        points_per_request: int = POINTS_PER_REQUEST,
    ) -> None:
        self._make_exporter = make_exporter
        self._exporter = make_exporter()
        self._parents: list[MetricExporter] = []
        self._forked = False
        self._telemetry = telemetry
        self._user_attribute = user_attribute
        self._points_per_request = points_per_request
        self._first_points = FirstPoints()
        self.overflow = Overflow()
        # Whatever the real exporter prefers: cumulative, and with explicit buckets. See standard_variables.
        super().__init__()

    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> MetricExportResult:
        """Collect, and send everything that was not delivered yet; a failure when any of it did not arrive.

        A process that has done nothing worth measuring is not an instance: its data is dropped as delivered.
        """
        telemetry = self._telemetry
        if not telemetry.active:
            if not _shows_work(metrics_data):
                return MetricExportResult.SUCCESS
            telemetry.activate()
        if self._forked:
            # The parent's connection is kept unused: closing it would touch the parent's.
            self._parents.append(self._exporter)
            self._exporter = self._make_exporter()
            self._forked = False
        time = telemetry.next_time()
        data = _with(metrics_data, telemetry.collect(time))
        self.overflow.look(data)
        data = self._first_points.begin(data, time)
        result = self._exporter.export(data, timeout_millis=timeout_millis, **kwargs)
        if result is MetricExportResult.SUCCESS:
            self._first_points.delivered()
        users = self._export_users(metrics_data.resource_metrics[0].resource, timeout_millis, **kwargs)
        return users if result is MetricExportResult.SUCCESS else result

    def _export_users(self, resource: Resource, timeout_millis: float, **kwargs: Any) -> MetricExportResult:
        backlog = self._telemetry.backlog
        while (batch := backlog.next(self._points_per_request)) is not None:
            result = self._export_batch(resource, batch, timeout_millis, **kwargs)
            if result is not MetricExportResult.SUCCESS:
                return result
            backlog.delivered(batch)
        return MetricExportResult.SUCCESS

    def _export_batch(
        self, resource: Resource, batch: Batch, timeout_millis: float, **kwargs: Any
    ) -> MetricExportResult:
        exporter, delta = self._exporter, batch.delta
        if isinstance(exporter, EncodedExporter):
            return exporter.export_encoded(
                encode_users(resource, delta.start, delta.end, batch.points(), self._user_attribute),
                {SHARD_HEADER: _shard_key(resource, batch)},
            )
        metric = user_metric(delta.start, delta.end, list(batch.points()), self._user_attribute)
        return exporter.export(_only(resource, [metric]), timeout_millis=timeout_millis, **kwargs)

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Flush the real exporter."""
        return self._exporter.force_flush(timeout_millis)

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """Shut the real exporter down."""
        if not self._forked:
            self._exporter.shutdown(timeout_millis=timeout_millis, **kwargs)

    def after_fork(self) -> None:
        """Take a connection of our own at the next export, in which every series begins anew."""
        self._forked = True
        self._first_points.reset()
        self.overflow.reset()


def _shard_key(resource: Resource, batch: Batch) -> str:
    namespace, name = (str(resource.attributes.get(key) or "") for key in (SERVICE_NAMESPACE, SERVICE_NAME))
    return shard_key(namespace, name, batch.shard, batch.shards)


def _shows_work(metrics_data: MetricsData) -> bool:
    return any(
        scope_metrics.scope.name not in _IDLE_SCOPES
        for resource_metrics in metrics_data.resource_metrics
        for scope_metrics in resource_metrics.scope_metrics
    )


def _with(metrics_data: MetricsData, metrics: Sequence[Metric]) -> MetricsData:
    if not metrics:
        return metrics_data
    first, *others = metrics_data.resource_metrics
    scopes = [*first.scope_metrics, in_our_scope(metrics)]
    return MetricsData(resource_metrics=[replace(first, scope_metrics=scopes), *others])


def _only(resource: Resource, metrics: Sequence[Metric]) -> MetricsData:
    return MetricsData([ResourceMetrics(resource, [in_our_scope(metrics)], "")])
