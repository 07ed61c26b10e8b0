"""The SDK's metrics as one encoded `ExportMetricsServiceRequest`, without protobuf.

Libraries of protobuf collide with those of other people's applications and cost 6 MB in each process; five messages of
which all fields are known need none. Source: opentelemetry-proto, metrics.proto and common.proto: field numbers.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from struct import Struct
from struct import pack as pack_values
from typing import Any

from opentelemetry.sdk.metrics.export import (
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from reduse import otlp
from reduse.distro.export.attribute_encoding import AttributeEncoder, encoded_attributes
from reduse.distro.export.protobuf import (
    FIXED64,
    boolean,
    double,
    length_delimited,
    message,
    number,
    signed,
    tag,
    text,
    varint,
)

_SPAN_ID_BYTES, _TRACE_ID_BYTES = 8, 16

_TAG_OF_START, _TAG_OF_TIME = tag(otlp.Point.START_TIME, FIXED64), tag(otlp.Point.TIME, FIXED64)
_TAG_OF_INT, _TAG_OF_DOUBLE = tag(otlp.NumberPoint.AS_INT, FIXED64), tag(otlp.NumberPoint.AS_DOUBLE, FIXED64)
_pack_int = Struct("<cQcQcq").pack
_pack_double = Struct("<cQcQcd").pack
_pack_gauge_int = Struct("<cQcq").pack
_pack_gauge_double = Struct("<cQcd").pack
_pack_times_and_count = Struct("<cQcQcQ").pack
_TAG_OF_COUNT = tag(otlp.HistogramPoint.COUNT, FIXED64)
_TAG_OF_POINT = tag(otlp.Data.DATA_POINTS, 2)


class MetricsEncoder:
    """Encodes one export after another; what does not change from one to the next is kept, within a bound."""

    def __init__(self) -> None:
        self._number_attributes = AttributeEncoder(otlp.NumberPoint.ATTRIBUTES)
        self._histogram_attributes = AttributeEncoder(otlp.HistogramPoint.ATTRIBUTES)

    def encode(self, data: MetricsData) -> bytes:
        """An `ExportMetricsServiceRequest`.

        Raises:
            struct.error: a number does not fit into 64 bits.
        """
        parts: list[bytes] = []
        for each in data.resource_metrics:
            parts += message(otlp.Request.RESOURCE_METRICS, self._resource_metrics(each))
        return b"".join(parts)

    def _resource_metrics(self, data: ResourceMetrics) -> list[bytes]:
        parts = [encoded_resource(data.resource)]
        for each in data.scope_metrics:
            parts += message(otlp.ResourceMetrics.SCOPE_METRICS, self._scope_metrics(each))
        # As the SDK's encoder: the resource's own, and the scope's below.
        parts.append(text(otlp.ResourceMetrics.SCHEMA_URL, data.resource.schema_url))
        return parts

    def _scope_metrics(self, data: ScopeMetrics) -> list[bytes]:
        parts = [encoded_scope(data.scope)]
        for each in data.metrics:
            parts += message(otlp.ScopeMetrics.METRICS, self._metric(each))
        parts.append(text(otlp.ScopeMetrics.SCHEMA_URL, data.scope.schema_url or ""))
        return parts

    def _metric(self, metric: Metric) -> list[bytes]:
        parts = [
            text(otlp.Metric.NAME, metric.name),
            text(otlp.Metric.DESCRIPTION, metric.description or ""),
            text(otlp.Metric.UNIT, metric.unit or ""),
        ]
        data: Any = metric.data
        if not data.data_points:
            return parts
        if isinstance(data, Sum):
            parts += message(otlp.Metric.SUM, self._sum(data))
        elif isinstance(data, Histogram):
            parts += message(otlp.Metric.HISTOGRAM, self._histogram(data))
        elif isinstance(data, Gauge):
            parts += message(
                otlp.Metric.GAUGE, [part for point in data.data_points for part in self._gauge_point(point)]
            )
        elif isinstance(data, ExponentialHistogram):
            parts += message(otlp.Metric.EXPONENTIAL_HISTOGRAM, _exponential(data))
        return parts

    def _sum(self, data: Sum) -> list[bytes]:
        parts: list[bytes] = []
        for point in data.data_points:
            value = point.value
            pack, kind = (_pack_int, _TAG_OF_INT) if isinstance(value, int) else (_pack_double, _TAG_OF_DOUBLE)
            head = pack(_TAG_OF_START, point.start_time_unix_nano, _TAG_OF_TIME, point.time_unix_nano, kind, value)
            parts += self._number_point(head, point)
        parts += (
            number(otlp.Data.AGGREGATION_TEMPORALITY, data.aggregation_temporality),
            boolean(otlp.Data.IS_MONOTONIC, data.is_monotonic),
        )
        return parts

    def _gauge_point(self, point: NumberDataPoint) -> Sequence[bytes]:
        value = point.value
        if isinstance(value, int):
            head = _pack_gauge_int(_TAG_OF_TIME, point.time_unix_nano, _TAG_OF_INT, value)
        else:
            head = _pack_gauge_double(_TAG_OF_TIME, point.time_unix_nano, _TAG_OF_DOUBLE, value)
        return self._number_point(head, point)

    def _number_point(self, head: bytes, point: NumberDataPoint) -> Sequence[bytes]:
        attributes = self._number_attributes.encoded(point.attributes)
        exemplars = _exemplars(otlp.NumberPoint.EXEMPLARS, point.exemplars) if point.exemplars else b""
        return _TAG_OF_POINT, varint(len(head) + len(attributes) + len(exemplars)), head, attributes, exemplars

    def _histogram(self, data: Histogram) -> list[bytes]:
        parts: list[bytes] = []
        for point in data.data_points:
            parts += message(otlp.Data.DATA_POINTS, self._histogram_point(point))
        parts.append(number(otlp.Data.AGGREGATION_TEMPORALITY, data.aggregation_temporality))
        return parts

    def _histogram_point(self, point: HistogramDataPoint) -> list[bytes]:
        counts = point.bucket_counts
        return [
            _times_and_count(point),
            _optional(otlp.HistogramPoint.SUM, point.sum),
            length_delimited(otlp.HistogramPoint.BUCKET_COUNTS, 8 * len(counts)),
            pack_values(f"<{len(counts)}Q", *counts),
            _encoded_bounds(tuple(point.explicit_bounds)),
            self._histogram_attributes.encoded(point.attributes),
            _exemplars(otlp.HistogramPoint.EXEMPLARS, point.exemplars) if point.exemplars else b"",
            _optional(otlp.HistogramPoint.MIN, point.min),
            _optional(otlp.HistogramPoint.MAX, point.max),
        ]


def _exponential(data: ExponentialHistogram) -> list[bytes]:
    parts: list[bytes] = []
    for point in data.data_points:
        parts += message(otlp.Data.DATA_POINTS, _exponential_point(point))
    parts.append(number(otlp.Data.AGGREGATION_TEMPORALITY, data.aggregation_temporality))
    return parts


def _exponential_point(point: ExponentialHistogramDataPoint) -> list[bytes]:
    return [
        *encoded_attributes(otlp.ExponentialPoint.ATTRIBUTES, point.attributes),
        _times_and_count(point),
        _optional(otlp.HistogramPoint.SUM, point.sum),
        signed(otlp.ExponentialPoint.SCALE, point.scale),
        tag(otlp.ExponentialPoint.ZERO_COUNT, FIXED64) + pack_values("<Q", point.zero_count),
        *_exponential_buckets(otlp.ExponentialPoint.POSITIVE, point.positive),
        *_exponential_buckets(otlp.ExponentialPoint.NEGATIVE, point.negative),
        number(otlp.ExponentialPoint.FLAGS, point.flags),
        _exemplars(otlp.ExponentialPoint.EXEMPLARS, point.exemplars),
        _optional(otlp.ExponentialPoint.MIN, point.min),
        _optional(otlp.ExponentialPoint.MAX, point.max),
    ]


def _exponential_buckets(field: int, buckets: Any) -> list[bytes]:
    if not buckets.bucket_counts:
        return []
    counts = b"".join(map(varint, buckets.bucket_counts))
    return message(
        field,
        [
            signed(otlp.Buckets.OFFSET, buckets.offset),
            length_delimited(otlp.Buckets.BUCKET_COUNTS, len(counts)),
            counts,
        ],
    )


def _times_and_count(point: HistogramDataPoint | ExponentialHistogramDataPoint) -> bytes:
    start, end = point.start_time_unix_nano, point.time_unix_nano
    return _pack_times_and_count(_TAG_OF_START, start, _TAG_OF_TIME, end, _TAG_OF_COUNT, point.count)


def _optional(field: int, value: float | None) -> bytes:
    return b"" if value is None else double(field, value)


@lru_cache(maxsize=64)
def _encoded_bounds(bounds: tuple[float, ...]) -> bytes:
    return length_delimited(otlp.HistogramPoint.EXPLICIT_BOUNDS, 8 * len(bounds)) + pack_values(
        f"<{len(bounds)}d", *bounds
    )


def _exemplars(field: int, exemplars: Iterable[Any]) -> bytes:
    return b"".join(part for exemplar in exemplars for part in message(field, _exemplar(exemplar)))


def _exemplar(exemplar: Any) -> list[bytes]:
    parts = [tag(otlp.Exemplar.TIME, FIXED64), pack_values("<Q", exemplar.time_unix_nano)]
    if exemplar.span_id is not None and exemplar.trace_id is not None:
        parts += message(otlp.Exemplar.SPAN_ID, [exemplar.span_id.to_bytes(_SPAN_ID_BYTES, "big")])
        parts += message(otlp.Exemplar.TRACE_ID, [exemplar.trace_id.to_bytes(_TRACE_ID_BYTES, "big")])
    if isinstance(exemplar.value, float):
        parts.append(double(otlp.Exemplar.AS_DOUBLE, exemplar.value))
    else:
        parts += tag(otlp.Exemplar.AS_INT, FIXED64), pack_values("<q", exemplar.value)
    return [*parts, *encoded_attributes(otlp.Exemplar.FILTERED_ATTRIBUTES, exemplar.filtered_attributes)]


@lru_cache(maxsize=1)
def encoded_resource(resource: Resource) -> bytes:
    """The field `resource` of a `ResourceMetrics`."""
    return b"".join(
        message(otlp.ResourceMetrics.RESOURCE, encoded_attributes(otlp.Resource.ATTRIBUTES, resource.attributes))
    )


def encoded_scope(scope: InstrumentationScope) -> bytes:
    """The field `scope` of a `ScopeMetrics`."""
    parts = [
        text(otlp.Scope.NAME, scope.name),
        text(otlp.Scope.VERSION, scope.version or ""),
        *encoded_attributes(otlp.Scope.ATTRIBUTES, scope.attributes),
    ]
    return b"".join(message(otlp.ScopeMetrics.SCOPE, parts))
