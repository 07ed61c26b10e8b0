"""A real OTLP receiver inside the test: it keeps what it is sent, and can be away or lose its replies."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from types import TracebackType
from typing import Self

import grpc
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import (
    MetricsServiceServicer,
    add_MetricsServiceServicer_to_server,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import DataPointFlags, HistogramDataPoint, Metric, NumberDataPoint

from reduse.wire import SHARD_HEADER
from tests.otlp_http import OtlpHttpServer, Posted, Reply
from tests.waiting import PATIENCE_SECONDS, wait_until

HTTP, GRPC = "http/protobuf", "grpc"
_UNAVAILABLE = 503

Attributes = dict[str, str | int | bool | float]


@dataclass(frozen=True)
class ReceivedExemplar:
    """One exemplar of a point; the ids in hex, as logs and trace stores write them."""

    value: float
    time: int
    trace_id: str
    span_id: str


@dataclass(frozen=True)
class Received:
    """One point as it came over the wire."""

    service: str
    instance: str
    name: str
    unit: str
    attributes: Attributes
    start: int
    time: int
    value: float
    """The value of a number, the count of a histogram."""
    sum: float = 0.0
    bounds: tuple[float, ...] = ()
    bucket_counts: tuple[int, ...] = ()
    request: int = 0
    """Number of the request that it came in."""
    exemplars: tuple[ReceivedExemplar, ...] = ()
    recorded: bool = True
    """False: the series has ended, and `value` is none."""

    @property
    def series(self) -> tuple[object, ...]:
        return (self.service, self.instance, self.name, frozenset(self.attributes.items()))


@dataclass
class OtlpReceiver(MetricsServiceServicer):
    """Listens on 127.0.0.1 from `start` to `stop`; keeps its port and what it received when started again.

    `lose_replies`: as many requests as this are kept and then answered with an error; of those that hold points of
    the metric `lose_replies_to`, where one is named. `refuse_before`: requests with a point before that time (Unix ns)
    are refused and not kept. `protocol`: as OTEL_EXPORTER_OTLP_PROTOCOL names it. `shards`: of
    the requests that say of which they are.
    """

    port: int = 0
    protocol: str = HTTP
    lose_replies: int = 0
    lose_replies_to: str = ""
    refuse_before: int = 0
    points: list[Received] = field(default_factory=list)
    requests: int = 0
    shards: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)
    _server: grpc.Server | None = None
    _http_server: OtlpHttpServer | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        if self.protocol == HTTP:
            self._http_server = OtlpHttpServer(self.port, self._take_post)
            self.port = self._http_server.port
            return
        server = grpc.server(ThreadPoolExecutor(max_workers=4), options=[("grpc.so_reuseport", 0)])
        add_MetricsServiceServicer_to_server(self, server)  # type: ignore[no-untyped-call]
        self.port = server.add_insecure_port(f"127.0.0.1:{self.port}")
        server.start()
        self._server = server

    def stop(self) -> None:
        if self._http_server is not None:
            self._http_server.stop()
            self._http_server = None
        if self._server is not None:
            self._server.stop(grace=None).wait()
            self._server = None

    def Export(  # noqa: N802 - the name is the protocol's
        self, request: ExportMetricsServiceRequest, context: grpc.ServicerContext
    ) -> ExportMetricsServiceResponse:
        if self._take(request, {key: str(value) for key, value in context.invocation_metadata()}):
            context.abort(grpc.StatusCode.UNAVAILABLE, "the reply is lost")
        return ExportMetricsServiceResponse()

    def _take_post(self, posted: Posted) -> Reply:
        if posted.path != "/v1/metrics":
            return Reply(404)
        lost = self._take(ExportMetricsServiceRequest.FromString(posted.body), posted.headers)
        return Reply(_UNAVAILABLE if lost else 200, {"content-type": "application/x-protobuf"})

    def _take(self, request: ExportMetricsServiceRequest, headers: Mapping[str, str]) -> bool:
        """Keep the points; whether the reply is to be lost."""
        with self._lock:
            self.requests += 1
            if SHARD_HEADER in headers:
                self.shards.append(headers[SHARD_HEADER])
            points = list(points_of(request, self.requests))
            if any(point.time < self.refuse_before for point in points):
                return True
            self.points.extend(points)
            names = {"", *(point.name for point in points)}
            lost = self.lose_replies > 0 and self.lose_replies_to in names
            self.lose_replies -= lost
            return lost

    def named(self, name: str) -> list[Received]:
        """Points of one metric, in the order of arrival."""
        with self._lock:
            return [point for point in self.points if point.name == name]

    def latest(self, name: str) -> list[Received]:
        """The newest point of each series of one cumulative metric."""
        in_order = sorted(self.named(name), key=lambda point: point.time)
        return list({point.series: point for point in in_order}.values())

    def total(self, name: str) -> float:
        """What a cumulative metric has counted, over all series and instances."""
        return sum(point.value for point in self.latest(name))

    def user_counts(self) -> Counter[str]:
        """Requests by user, each delta counted once however often it came; `-` unidentified, `+` overflow."""
        counts: Counter[str] = Counter()
        seen = set()
        for point in self.named("reduse.user.request.duration"):
            key = (point.series, point.start, point.time)
            if key not in seen:
                seen.add(key)
                fallback = "+" if point.attributes.get("otel.metric.overflow") else "-"
                counts[str(point.attributes.get("user.hash", fallback))] += int(point.value)
        return counts

    def wait_for(self, condition: Callable[[Self], bool], seconds: float = PATIENCE_SECONDS) -> None:
        """Return when the condition holds; as `wait_until`."""
        wait_until(lambda: condition(self), "the arrival of the points that were awaited", seconds)


def points_of(request: ExportMetricsServiceRequest, number: int) -> Iterator[Received]:
    """Every point of a request."""
    for resource_metrics in request.resource_metrics:
        resource = _attributes(resource_metrics.resource.attributes)
        for scope_metrics in resource_metrics.scope_metrics:
            for metric in scope_metrics.metrics:
                for point in _data_points(metric):
                    yield _received(str(resource["service.name"]), resource, metric, point, number)


def _data_points(metric: Metric) -> Iterator[HistogramDataPoint | NumberDataPoint]:
    yield from metric.histogram.data_points
    yield from metric.sum.data_points
    yield from metric.gauge.data_points


def _received(
    service: str, resource: Attributes, metric: Metric, point: HistogramDataPoint | NumberDataPoint, number: int
) -> Received:
    common = {
        "service": service,
        "instance": str(resource.get("service.instance.id")),
        "name": metric.name,
        "unit": metric.unit,
        "attributes": _attributes(point.attributes),
        "start": point.start_time_unix_nano,
        "time": point.time_unix_nano,
        "request": number,
        "recorded": not point.flags & DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK,
    }
    if isinstance(point, HistogramDataPoint):
        return Received(
            **common,  # type: ignore[arg-type]
            value=point.count,
            sum=point.sum,
            bounds=tuple(point.explicit_bounds),
            bucket_counts=tuple(point.bucket_counts),
            exemplars=tuple(
                ReceivedExemplar(each.as_double, each.time_unix_nano, each.trace_id.hex(), each.span_id.hex())
                for each in point.exemplars
            ),
        )
    value = point.as_int if point.WhichOneof("value") == "as_int" else point.as_double
    return Received(**common, value=value)  # type: ignore[arg-type]


def _attributes(pairs: Iterable[KeyValue]) -> Attributes:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value") for pair in pairs}
