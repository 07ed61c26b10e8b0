"""The numbers of OTLP's fields are those of its own definition."""

from types import ModuleType

import pytest
from google.protobuf.descriptor import Descriptor
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.resource.v1 import resource_pb2

from reduse import otlp

# Whose names here are shorter than there.
NAMES = {
    "IN_RESPONSE": None,
    "START_TIME": "start_time_unix_nano",
    "TIME": "time_unix_nano",
    "STRING": "string_value",
    "BOOL": "bool_value",
    "INT": "int_value",
    "DOUBLE": "double_value",
    "ARRAY": "array_value",
    "KEY_VALUES": "kvlist_value",
    "BYTES": "bytes_value",
}


def message(module: ModuleType, name: str) -> Descriptor:
    found: Descriptor = getattr(module, name).DESCRIPTOR
    return found


MESSAGES = {
    otlp.Request: message(metrics_service_pb2, "ExportMetricsServiceRequest"),
    otlp.PartialSuccess: message(metrics_service_pb2, "ExportMetricsPartialSuccess"),
    otlp.ResourceMetrics: message(metrics_pb2, "ResourceMetrics"),
    otlp.Resource: message(resource_pb2, "Resource"),
    otlp.ScopeMetrics: message(metrics_pb2, "ScopeMetrics"),
    otlp.Scope: message(common_pb2, "InstrumentationScope"),
    otlp.Metric: message(metrics_pb2, "Metric"),
    otlp.Data: message(metrics_pb2, "Sum"),
    otlp.NumberPoint: message(metrics_pb2, "NumberDataPoint"),
    otlp.HistogramPoint: message(metrics_pb2, "HistogramDataPoint"),
    otlp.ExponentialPoint: message(metrics_pb2, "ExponentialHistogramDataPoint"),
    otlp.Buckets: metrics_pb2.ExponentialHistogramDataPoint.Buckets.DESCRIPTOR,
    otlp.Exemplar: message(metrics_pb2, "Exemplar"),
    otlp.KeyValue: message(common_pb2, "KeyValue"),
    otlp.AnyValue: message(common_pb2, "AnyValue"),
    otlp.ArrayValue: message(common_pb2, "ArrayValue"),
}


@pytest.mark.parametrize("ours", MESSAGES, ids=lambda ours: str(ours.__name__))
def test_each_number_is_that_of_the_definition(ours: type[object]) -> None:
    fields = {field.name: field.number for field in MESSAGES[ours].fields}
    told = {name: getattr(ours, name) for name in dir(ours) if name.isupper()}
    assert told
    for name, number in told.items():
        theirs = NAMES.get(name, name.lower())
        if theirs is not None:
            assert fields[theirs] == number, name


def test_a_gauge_and_the_histograms_have_the_fields_of_a_sum_that_they_have() -> None:
    for name, own in (("Gauge", 1), ("Histogram", 2), ("ExponentialHistogram", 2)):
        fields = {field.name: field.number for field in message(metrics_pb2, name).fields}
        theirs = {"data_points": otlp.Data.DATA_POINTS, "aggregation_temporality": otlp.Data.AGGREGATION_TEMPORALITY}
        assert fields == dict(list(theirs.items())[:own])
