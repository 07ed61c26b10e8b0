"""The bridge from our aggregations to a page for Prometheus: contrib's reader, given our metrics with the SDK's.

Imported only in pull mode: it needs opentelemetry-exporter-prometheus.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Lock
from typing import Any

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics.export import MetricsData
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from reduse.distro.export.metric_producer import MetricProducer
from reduse.distro.export.points import in_our_scope
from reduse.distro.export.pull.series import one_of_each_name


class ScrapedReader(PrometheusMetricReader):
    """Collects at each scrape, from the SDK's instruments and from our aggregations; `at_shutdown` ends the page."""

    def __init__(self, telemetry: MetricProducer, at_shutdown: Callable[[], None]) -> None:
        self._telemetry = telemetry
        self._at_shutdown = at_shutdown
        self.bridged = CollectorRegistry()
        super().__init__(scope_info_enabled=False, registry=self.bridged)

    def _receive_metrics(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> None:
        # A provider has one resource. Its scopes are not told apart: the gateway leaves them out of the series too.
        (resource_metrics,) = metrics_data.resource_metrics
        metrics = [metric for scope_metrics in resource_metrics.scope_metrics for metric in scope_metrics.metrics]
        scope = in_our_scope(one_of_each_name([*metrics, *self._telemetry.collect(self._telemetry.next_time())]))
        bridged = MetricsData([replace(resource_metrics, scope_metrics=[scope])])
        super()._receive_metrics(bridged, timeout_millis, **kwargs)

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """Nothing more is scraped."""
        self._at_shutdown()
        super().shutdown(timeout_millis, **kwargs)

    def force_flush(self, timeout_millis: float = 10_000) -> bool:  # noqa: ARG002 - the SDK's signature
        """There is nobody to send to. Contrib would collect, and the next scrape would have each metric twice."""
        return True


class OneScrapeAtATime(Collector):
    """All metrics of a reader.

    Contrib's reader keeps what it collects in a queue that concurrent scrapes would share, and read twice.
    """

    def __init__(self, reader: ScrapedReader) -> None:
        self._reader = reader
        self.reset()

    def reset(self) -> None:
        """Count from nothing, with a lock of our own: for a forked child."""
        self._lock = Lock()
        self.count = 0

    def collect(self) -> Iterator[Metric]:
        """What every metric stands at now."""
        with self._lock:
            self.count += 1
            metrics = list(self._reader.bridged.collect())
        yield from metrics
