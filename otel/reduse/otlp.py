"""Numbers of the fields of OTLP's metrics on the wire, by message.

Source: opentelemetry-proto 1.10, `metrics_service.proto`, `metrics.proto`, `resource.proto`, `common.proto`.
"""


class Request:
    """`ExportMetricsServiceRequest`."""

    RESOURCE_METRICS = 1


class PartialSuccess:
    """`ExportMetricsPartialSuccess`, which is the field `IN_RESPONSE` of the response."""

    IN_RESPONSE = 1
    REJECTED_DATA_POINTS, ERROR_MESSAGE = 1, 2


class ResourceMetrics:
    RESOURCE, SCOPE_METRICS, SCHEMA_URL = 1, 2, 3


class Resource:
    ATTRIBUTES = 1


class ScopeMetrics:
    SCOPE, METRICS, SCHEMA_URL = 1, 2, 3


class Scope:
    """`InstrumentationScope`."""

    NAME, VERSION, ATTRIBUTES = 1, 2, 3


class Metric:
    NAME, DESCRIPTION, UNIT = 1, 2, 3
    GAUGE, SUM, HISTOGRAM, EXPONENTIAL_HISTOGRAM, SUMMARY = 5, 7, 9, 10, 11


class Data:
    """`Gauge`, `Sum`, `Histogram`, `ExponentialHistogram`: each has the first, those after the gauge the second."""

    DATA_POINTS, AGGREGATION_TEMPORALITY = 1, 2
    IS_MONOTONIC = 3


class Point:
    """What all kinds of points have."""

    START_TIME, TIME = 2, 3


class NumberPoint(Point):
    """`NumberDataPoint`."""

    AS_DOUBLE, EXEMPLARS, AS_INT, ATTRIBUTES, FLAGS = 4, 5, 6, 7, 8


class HistogramPoint(Point):
    """`HistogramDataPoint`."""

    COUNT, SUM, BUCKET_COUNTS, EXPLICIT_BOUNDS = 4, 5, 6, 7
    EXEMPLARS, ATTRIBUTES, FLAGS, MIN, MAX = 8, 9, 10, 11, 12


class ExponentialPoint(Point):
    """`ExponentialHistogramDataPoint`."""

    ATTRIBUTES, COUNT, SUM, SCALE, ZERO_COUNT = 1, 4, 5, 6, 7
    POSITIVE, NEGATIVE, FLAGS, EXEMPLARS, MIN, MAX = 8, 9, 10, 11, 12, 13


class Buckets:
    OFFSET, BUCKET_COUNTS = 1, 2


class Exemplar:
    TIME, AS_DOUBLE, SPAN_ID, TRACE_ID, AS_INT, FILTERED_ATTRIBUTES = 2, 3, 4, 5, 6, 7


class KeyValue:
    KEY, VALUE = 1, 2


class AnyValue:
    STRING, BOOL, INT, DOUBLE, ARRAY, KEY_VALUES, BYTES = 1, 2, 3, 4, 5, 6, 7


class ArrayValue:
    """And `KeyValueList`."""

    VALUES = 1
