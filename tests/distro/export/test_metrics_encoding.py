"""What is encoded by hand is, message for message, what the SDK's own encoder makes of the same metrics."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Buckets,
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

from reduse.distro.export.metrics_encoding import MetricsEncoder


def encodes_none() -> bool:
    points = [NumberDataPoint({"none": None}, 1, 2, 3)]
    scoped = ScopeMetrics(InstrumentationScope("test"), [Metric("m", "", "", Gauge(points))], "")
    encoded = encode_metrics(MetricsData([ResourceMetrics(Resource({}), [scoped], "")]))
    return bool(encoded.resource_metrics[0].scope_metrics[0].metrics[0].gauge.data_points[0].attributes)


UINT64 = st.integers(0, 2**64 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)
# Without NaN, which is equal to nothing; infinities are in.
FLOAT = st.floats(allow_nan=False)
NAME = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
TEXT = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(["x" * 127, "x" * 128, "ü" * 20_000])
# Older encoders of the SDK's leave out an attribute that has none, with an error.
NONE = st.none() if encodes_none() else st.nothing()
SCALAR: st.SearchStrategy[Any] = st.one_of(TEXT, st.booleans(), INT64, FLOAT, st.binary(max_size=20), NONE)
VALUE = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6
)
ATTRIBUTES = st.none() | st.dictionaries(TEXT, VALUE, max_size=4)
TEMPORALITY = st.sampled_from(AggregationTemporality)
EXEMPLAR = st.builds(
    Exemplar,
    ATTRIBUTES,
    FLOAT | INT64,
    UINT64,
    st.none() | st.integers(0, 2**64 - 1),
    st.none() | st.integers(0, 2**128 - 1),
)
EXEMPLARS = st.lists(EXEMPLAR, max_size=2)
NUMBERS = st.lists(st.builds(NumberDataPoint, ATTRIBUTES, UINT64, UINT64, FLOAT | INT64, EXEMPLARS), max_size=3)
HISTOGRAM_POINT = st.builds(
    HistogramDataPoint,
    ATTRIBUTES,
    UINT64,
    UINT64,
    UINT64,
    st.none() | FLOAT,
    st.lists(UINT64, max_size=20).map(tuple),
    st.lists(FLOAT, max_size=20).map(tuple),
    st.none() | FLOAT,
    st.none() | FLOAT,
    EXEMPLARS,
)
INT32 = st.integers(-(2**31), 2**31 - 1)
BUCKETS = st.builds(Buckets, INT32, st.lists(UINT64, max_size=5))
EXPONENTIAL_POINT = st.builds(
    ExponentialHistogramDataPoint,
    ATTRIBUTES,
    UINT64,
    UINT64,
    UINT64,
    FLOAT,
    INT32,
    UINT64,
    BUCKETS,
    BUCKETS,
    st.integers(0, 1),
    FLOAT,
    FLOAT,
    EXEMPLARS,
)
DATA = st.one_of(
    st.builds(Sum, NUMBERS, TEMPORALITY, st.booleans()),
    st.builds(Gauge, NUMBERS),
    st.builds(Histogram, st.lists(HISTOGRAM_POINT, max_size=3), TEMPORALITY),
    st.builds(ExponentialHistogram, st.lists(EXPONENTIAL_POINT, max_size=3), TEMPORALITY),
)
METRIC = st.builds(Metric, TEXT, st.none() | TEXT, st.none() | TEXT, DATA)
SCOPE = st.builds(
    InstrumentationScope,
    NAME,
    st.none() | TEXT,
    st.none() | TEXT,
    st.dictionaries(NAME, TEXT, max_size=2),
)
RESOURCE = Resource({"service.name": "mes-api", "process.pid": 7, "tags": ("x", "y"), "lowest": -1}, "https://a/1")


def decoded(encoder: MetricsEncoder, data: MetricsData) -> ExportMetricsServiceRequest:
    return ExportMetricsServiceRequest.FromString(encoder.encode(data))


def data_of(*metrics: Metric, scope: InstrumentationScope | None = None) -> MetricsData:
    scoped = ScopeMetrics(scope or InstrumentationScope("test"), metrics, "")
    return MetricsData([ResourceMetrics(RESOURCE, [scoped], "")])


@pytest.mark.slow
@given(st.lists(METRIC, max_size=3), SCOPE)
def test_it_says_what_the_sdks_encoder_says(metrics: list[Metric], scope: InstrumentationScope) -> None:
    data = data_of(*metrics, scope=scope)
    encoder = MetricsEncoder()
    assert decoded(encoder, data) == encode_metrics(data)
    assert decoded(encoder, data) == encode_metrics(data), "with the attributes that were kept"


@given(st.lists(st.tuples(ATTRIBUTES, FLOAT), min_size=1, max_size=5))
def test_the_attributes_of_one_series_are_never_taken_for_those_of_another(series: list[tuple[Any, float]]) -> None:
    """The objects of an export are gone at the next, which may have others in their place."""
    encoder = MetricsEncoder()
    for attributes, value in series:
        own = dict(attributes) if attributes is not None else None
        data = data_of(Metric("m", "", "", Gauge([NumberDataPoint(own, 1, 2, value)])))
        assert decoded(encoder, data) == encode_metrics(data)


def test_values_that_are_not_numbers_arrive_as_such() -> None:
    nan = float("nan")
    data = data_of(Metric("m", "", "", Gauge([NumberDataPoint({"a": nan}, 1, 2, nan)])))
    (point,) = decoded(MetricsEncoder(), data).resource_metrics[0].scope_metrics[0].metrics[0].gauge.data_points
    assert point.as_double != point.as_double
    assert point.attributes[0].value.double_value != point.attributes[0].value.double_value


def test_many_series_are_kept_within_a_bound() -> None:
    encoder = MetricsEncoder()
    points = [NumberDataPoint({"number": number}, 1, 2, number) for number in range(10_000)]
    data = data_of(Metric("m", "", "", Gauge(points)))
    assert decoded(encoder, data) == encode_metrics(data)
    assert len(encoder._number_attributes._kept) <= 4096


def test_a_number_of_more_than_64_bits_is_an_error_and_not_another_number() -> None:
    """`sendable` has made another kind of number of such a one before."""
    with pytest.raises(struct.error):
        MetricsEncoder().encode(data_of(Metric("m", "", "", Gauge([NumberDataPoint({}, 1, 2, 1 << 64)]))))
