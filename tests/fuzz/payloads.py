"""Odd metrics of all types, as valid protobuf messages."""

import time
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    Exemplar,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
    Summary,
    SummaryDataPoint,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from tests.fuzz import values

SERVICES = ("fuzz-a", "fuzz-a", "fuzz-b", "fuzz-c", "fuzz-d", "служба", "x" * 10_000, values.NOT_UTF8, "a/b", "")
INSTANCES = ("", "", "one", "one", "two", "two", "x" * 600, values.NOT_UTF8)


@dataclass(frozen=True)
class Taste:
    """What names and attributes are chosen from."""

    names: st.SearchStrategy[str]
    units: st.SearchStrategy[str]
    scopes: st.SearchStrategy[str]
    attributes: st.SearchStrategy[list[KeyValue]]
    services: st.SearchStrategy[str | None]
    instances: st.SearchStrategy[str]


ODD = Taste(
    values.names,
    st.sampled_from(values.UNITS),
    st.one_of(st.sampled_from(("", "one", "two")), values.names),
    values.attributes,
    st.sampled_from((*SERVICES, None)),
    st.sampled_from(INSTANCES),
)
# Names that all are taken, so that what is odd in numbers, times and their order gets further than the first check.
PLAIN = Taste(
    st.sampled_from(("a", "b", "foo", "foo_count", "foo_total")),
    st.sampled_from(("", "", "s")),
    st.sampled_from(("", "", "one")),
    values.plain_attributes,
    st.sampled_from(("fuzz-a", "fuzz-b", "fuzz-c", "fuzz-d")),
    st.sampled_from(("", "one", "two")),
)

temporalities: st.SearchStrategy[Any] = st.sampled_from((2, 2, 2, 1, 1, 0, 9))
flags = st.sampled_from((0, 0, 0, 0, 1, 2, 2**31, 2**32 - 1))
scales = st.sampled_from((0, 1, 3, 8, 9, 20, -4, -5, -11, 2**31 - 1, -(2**31)))
offsets = st.sampled_from((0, 0, 1, -1, 1000, 2**20, -(2**20), 2**31 - 1, -(2**31)))

exemplars = st.lists(
    st.builds(
        lambda at, value, attributes, ids: Exemplar(
            time_unix_nano=at, as_double=value, filtered_attributes=attributes, trace_id=ids, span_id=ids[:8]
        ),
        values.times,
        values.doubles,
        values.attributes,
        st.sampled_from((b"", b"\0" * 16, b"\x01" * 16)),
    ),
    max_size=1,
)


def _common(draw: st.DrawFn, taste: Taste) -> dict[str, Any]:
    return {
        "attributes": draw(taste.attributes),
        "start_time_unix_nano": draw(values.times),
        "time_unix_nano": draw(values.times),
        "flags": draw(flags),
    }


@st.composite
def numbers(draw: st.DrawFn, taste: Taste) -> NumberDataPoint:
    point = NumberDataPoint(**_common(draw, taste), exemplars=draw(exemplars))
    match draw(st.sampled_from(("double", "whole", "whole", "none"))):
        case "double":
            point.as_double = draw(values.doubles)
        case "whole":
            point.as_int = draw(values.whole)
    return point


@st.composite
def histograms(draw: st.DrawFn, taste: Taste) -> HistogramDataPoint:
    point = HistogramDataPoint(**_common(draw, taste), exemplars=draw(exemplars))
    bounds = draw(st.lists(values.doubles, max_size=4))
    buckets = draw(st.lists(values.counts, max_size=6))
    if draw(st.booleans()):
        # One that does not contradict itself, so far as its numbers can be added.
        bounds = sorted({bound for bound in bounds if abs(bound) < 1e300})
        buckets = [each % 2**32 for each in (*buckets, *[0] * 5)][: len(bounds) + 1]
        point.count = sum(buckets)
    else:
        point.count = draw(values.counts)
    point.explicit_bounds.extend(bounds)
    point.bucket_counts.extend(buckets)
    if draw(st.booleans()):
        point.sum, point.min, point.max = (draw(values.doubles) for _ in range(3))
    return point


@st.composite
def exponentials(draw: st.DrawFn, taste: Taste) -> ExponentialHistogramDataPoint:
    point = ExponentialHistogramDataPoint(
        **_common(draw, taste),
        scale=draw(scales),
        zero_count=draw(values.counts),
        zero_threshold=draw(values.doubles),
        exemplars=draw(exemplars),
    )
    for side in (point.positive, point.negative):
        side.offset = draw(offsets)
        side.bucket_counts.extend(draw(st.lists(values.counts, max_size=4)))
    total = point.zero_count + sum(point.positive.bucket_counts) + sum(point.negative.bucket_counts)
    point.count = total % 2**64 if draw(st.booleans()) else draw(values.counts)
    if draw(st.booleans()):
        point.sum = draw(values.doubles)
    return point


@st.composite
def summaries(draw: st.DrawFn, taste: Taste) -> SummaryDataPoint:
    point = SummaryDataPoint(
        **_common(draw, taste),
        count=draw(values.counts),
        sum=draw(values.doubles),
    )
    quantiles = st.tuples(st.one_of(st.sampled_from((0.0, 0.5, 0.5, 1.0, -1.0)), values.doubles), values.doubles)
    for quantile, value in draw(st.lists(quantiles, max_size=3)):
        point.quantile_values.add(quantile=quantile, value=value)
    return point


@st.composite
def metrics(draw: st.DrawFn, taste: Taste) -> Metric:
    metric = Metric(name=draw(taste.names), unit=draw(taste.units), description=draw(st.sampled_from(("", "d"))))
    match draw(st.sampled_from(("gauge", "sum", "histogram", "exponential", "summary", "none"))):
        case "gauge":
            metric.gauge.CopyFrom(Gauge(data_points=draw(st.lists(numbers(taste), max_size=4))))
        case "sum":
            of = Sum(data_points=draw(st.lists(numbers(taste), max_size=4)), is_monotonic=draw(st.booleans()))
            of.aggregation_temporality = draw(temporalities)
            metric.sum.CopyFrom(of)
        case "histogram":
            points = draw(st.lists(histograms(taste), max_size=3))
            metric.histogram.CopyFrom(Histogram(data_points=points, aggregation_temporality=draw(temporalities)))
        case "exponential":
            metric.exponential_histogram.CopyFrom(
                ExponentialHistogram(
                    data_points=draw(st.lists(exponentials(taste), max_size=2)),
                    aggregation_temporality=draw(temporalities),
                )
            )
        case "summary":
            metric.summary.CopyFrom(Summary(data_points=draw(st.lists(summaries(taste), max_size=2))))
    return metric


@st.composite
def scopes(draw: st.DrawFn, taste: Taste) -> ScopeMetrics:
    version = draw(st.sampled_from(("", "1", values.NOT_UTF8)))
    scope = InstrumentationScope(name=draw(taste.scopes), version=version, attributes=draw(taste.attributes))
    return ScopeMetrics(scope=scope, metrics=draw(st.lists(metrics(taste), max_size=4)))


@st.composite
def resources(draw: st.DrawFn, taste: Taste) -> ResourceMetrics:
    kept = {}
    if service := draw(taste.services):
        kept["service.name"] = service
    if instance := draw(taste.instances):
        kept["service.instance.id"] = instance
    if namespace := draw(st.sampled_from(("", "", "", "", "eu", values.NOT_UTF8))):
        kept["service.namespace"] = namespace
    if draw(st.booleans()):
        kept["telemetry.sdk.name"] = "opentelemetry"
    attributes = [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in kept.items()]
    return ResourceMetrics(
        resource=Resource(attributes=[*attributes, *draw(taste.attributes)]),
        scope_metrics=draw(st.lists(scopes(taste), max_size=2)),
    )


requests = st.one_of(*(st.lists(resources(taste), max_size=3) for taste in (PLAIN, PLAIN, ODD))).map(
    lambda of: ExportMetricsServiceRequest(resource_metrics=of)
)


def deep(depth: int) -> bytes:
    """A point whose attribute is an array in an array, and so on: deeper than Python's protobuf can say."""
    innermost = _field(1, b"innermost")
    heads, length = list[bytes](), len(innermost)
    for number in (1, 5) * depth:
        # AnyValue.array_value of ArrayValue.values; from the inside outwards, as each head has the length of the rest.
        heads.append(_head(number, length))
        length += len(heads[-1])
    value = b"".join(reversed(heads)) + innermost
    attribute = _field(1, b"deep") + _field(2, value)
    point = _field(7, attribute) + b"\x19" + time.time_ns().to_bytes(8, "little") + b"\x31" + bytes(8)
    metric = _field(1, b"deep") + _field(5, _field(1, point))
    return _field(1, _field(2, _field(2, metric)))


def _field(number: int, content: bytes) -> bytes:
    """A field of protobuf that has a length."""
    return _head(number, len(content)) + content


def _head(number: int, length: int) -> bytes:
    written = bytearray((number << 3 | 2,))
    while length >= 0x80:
        written.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes((*written, length))


def deep_json(depth: int) -> bytes:
    """The same in JSON."""
    value = '{"arrayValue":{"values":[' * depth + '{"intValue":1}' + "]}}" * depth
    point = f'{{"timeUnixNano":"{time.time_ns()}","asInt":"1","attributes":[{{"key":"deep","value":{value}}}]}}'
    metric = f'{{"name":"deep","gauge":{{"dataPoints":[{point}]}}}}'
    return f'{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{metric}]}}]}}]}}'.encode()
