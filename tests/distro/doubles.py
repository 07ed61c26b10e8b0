"""What stands in for the outside in the pure tests of the distro."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.sdk.metrics.export import (
    Histogram,
    Metric,
    MetricExporter,
    MetricExportResult,
    MetricsData,
    ResourceMetrics,
)
from opentelemetry.sdk.resources import Resource

from reduse.distro.base.clock import Reading
from reduse.distro.base.semantic_conventions import KNOWN_METHODS
from reduse.distro.base.settings import Settings, UserMode
from reduse.distro.lifecycle.telemetry import Telemetry
from reduse.distro.sources.http.requests import HttpRequests

KEY = b"0123456789abcdef"

SERIES = ("GET", "/plain", 200, "http", "1.1", None)


class Request:
    """A request that is being served."""

    active_attributes = ("GET", "http")


def settings(**changes: Any) -> Settings:
    values: dict[str, Any] = {
        "user_hash_key": KEY,
        "user_mode": UserMode.HASH,
        "user_resolvers": ("authenticated", "header:x-user"),
        "user_routes": (),
        "user_limit": 1000,
        "known_methods": KNOWN_METHODS,
        "tracing": False,
    }
    return Settings(**(values | changes))


def http_of(telemetry: Telemetry) -> HttpRequests:
    """The HTTP requests of a process without an application."""
    return telemetry.source(HttpRequests)


def no_sdk_data(service: str = "test") -> MetricsData:
    """What the SDK's reader gives when no instrument was used."""
    resource = Resource({"service.name": service, "service.instance.id": "one"})
    return MetricsData([ResourceMetrics(resource, [], "")])


@dataclass
class Clock:
    """Time that moves a second at each look."""

    now: int = 1_000_000_000

    def read(self) -> Reading:
        self.now += 1_000_000_000
        return Reading(self.now, self.now)

    def age(self) -> int:
        return 0


@dataclass
class Agent(MetricExporter):
    """Takes what it is sent as the script says: `ok`, `away`, or `lost` when only its reply is; `ok` after that."""

    script: list[str] = field(default_factory=list)
    exports: list[list[Metric]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def export(self, metrics_data: MetricsData, *_args: Any, **_kwargs: Any) -> MetricExportResult:
        outcome = self.script.pop(0) if self.script else "ok"
        if outcome != "away":
            self.exports.append([m for r in metrics_data.resource_metrics for s in r.scope_metrics for m in s.metrics])
        return MetricExportResult.SUCCESS if outcome == "ok" else MetricExportResult.FAILURE

    def force_flush(self, *_args: Any) -> bool:
        return True

    def shutdown(self, *_args: Any, **_kwargs: Any) -> None:
        pass

    def user_points(self) -> list[tuple[str, int, int, int, float]]:
        """(who, start, end, count, seconds) of each point that came, repeats too."""
        points = []
        for metric in (m for export in self.exports for m in export if m.name == "reduse.user.request.duration"):
            assert isinstance(metric.data, Histogram)
            for point in metric.data.data_points:
                attributes = dict(point.attributes or {})
                who = str(attributes.get("user.hash", "+" if attributes else "-"))
                points.append((who, point.start_time_unix_nano, point.time_unix_nano, point.count, point.sum))
        return points

    def user_counts(self) -> Counter[str]:
        """Requests by user, repeats dropped as the processor drops them."""
        unique = {(who, start, end): count for who, start, end, count, _ in self.user_points()}
        counts: Counter[str] = Counter()
        for (who, _, _), count in unique.items():
            counts[who] += count
        return counts


def names(metrics: Sequence[Metric]) -> list[str]:
    return [metric.name for metric in metrics]
