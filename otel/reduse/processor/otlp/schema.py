"""The part of OTLP metrics that is read, as messages of our own that are compatible on the wire.

They differ from OTLP's in two ways. Strings are bytes, so that one that is not UTF-8 spoils its own point and not the
whole request; and what is not read is not declared, so that it is skipped. `Outline` is the same with each resource
and each histogram left as bytes, for whoever can read those faster.

Source: opentelemetry-proto 1.10, `metrics_service.proto`, `metrics.proto`, `common.proto`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from reduse import otlp

_Type = FieldDescriptorProto

# Field name: number, type (or the name of a message), repeated, in the message's oneof.
_Fields = Mapping[str, tuple[int, "int | str", bool, bool]]

_SCALAR, _ONE_OF, _REPEATED = (False, False), (False, True), (True, False)

_COMMON: Mapping[str, _Fields] = {
    "Resource": {"attributes": (otlp.Resource.ATTRIBUTES, "KeyValue", *_REPEATED)},
    "ScopeMetrics": {"metrics": (otlp.ScopeMetrics.METRICS, "Metric", *_REPEATED)},
    "KeyValue": {
        "key": (otlp.KeyValue.KEY, _Type.TYPE_BYTES, *_SCALAR),
        "value": (otlp.KeyValue.VALUE, "AnyValue", *_SCALAR),
    },
    "AnyValue": {
        "string_value": (otlp.AnyValue.STRING, _Type.TYPE_BYTES, *_ONE_OF),
        "bool_value": (otlp.AnyValue.BOOL, _Type.TYPE_BOOL, *_ONE_OF),
        "int_value": (otlp.AnyValue.INT, _Type.TYPE_INT64, *_ONE_OF),
        "double_value": (otlp.AnyValue.DOUBLE, _Type.TYPE_DOUBLE, *_ONE_OF),
        "array_value": (otlp.AnyValue.ARRAY, _Type.TYPE_BYTES, *_ONE_OF),
        "kvlist_value": (otlp.AnyValue.KEY_VALUES, _Type.TYPE_BYTES, *_ONE_OF),
        "bytes_value": (otlp.AnyValue.BYTES, _Type.TYPE_BYTES, *_ONE_OF),
    },
    # Metrics of other types are only counted.
    "Other": {"data_points": (otlp.Data.DATA_POINTS, _Type.TYPE_BYTES, *_REPEATED)},
}

_OTHERS: _Fields = {
    "gauge": (otlp.Metric.GAUGE, "Other", *_ONE_OF),
    "sum": (otlp.Metric.SUM, "Other", *_ONE_OF),
    "exponential_histogram": (otlp.Metric.EXPONENTIAL_HISTOGRAM, "Other", *_ONE_OF),
    "summary": (otlp.Metric.SUMMARY, "Other", *_ONE_OF),
}

_SCOPE_METRICS = otlp.ResourceMetrics.SCOPE_METRICS, "ScopeMetrics", *_REPEATED
_ABOUT: _Fields = {
    "name": (otlp.Metric.NAME, _Type.TYPE_BYTES, *_SCALAR),
    "unit": (otlp.Metric.UNIT, _Type.TYPE_BYTES, *_SCALAR),
}

_WHOLE: Mapping[str, _Fields] = {
    "Request": {"resource_metrics": (otlp.Request.RESOURCE_METRICS, "ResourceMetrics", *_REPEATED)},
    "ResourceMetrics": {
        "resource": (otlp.ResourceMetrics.RESOURCE, "Resource", *_SCALAR),
        "scope_metrics": _SCOPE_METRICS,
    },
    "Metric": {**_ABOUT, "histogram": (otlp.Metric.HISTOGRAM, "Histogram", *_ONE_OF), **_OTHERS},
    "Histogram": {
        "data_points": (otlp.Data.DATA_POINTS, "HistogramDataPoint", *_REPEATED),
        "aggregation_temporality": (otlp.Data.AGGREGATION_TEMPORALITY, _Type.TYPE_INT32, *_SCALAR),
    },
    "HistogramDataPoint": {
        "start_time_unix_nano": (otlp.HistogramPoint.START_TIME, _Type.TYPE_FIXED64, *_SCALAR),
        "time_unix_nano": (otlp.HistogramPoint.TIME, _Type.TYPE_FIXED64, *_SCALAR),
        "count": (otlp.HistogramPoint.COUNT, _Type.TYPE_FIXED64, *_SCALAR),
        "sum": (otlp.HistogramPoint.SUM, _Type.TYPE_DOUBLE, *_SCALAR),
        "attributes": (otlp.HistogramPoint.ATTRIBUTES, "KeyValue", *_REPEATED),
        "flags": (otlp.HistogramPoint.FLAGS, _Type.TYPE_UINT32, *_SCALAR),
    },
}

_OUTLINED: Mapping[str, _Fields] = {
    "Request": _WHOLE["Request"],
    # A field that may be merged from several parts is declared as repeated: whoever reads it sees that it is.
    "ResourceMetrics": {
        "resources": (otlp.ResourceMetrics.RESOURCE, _Type.TYPE_BYTES, *_REPEATED),
        "scope_metrics": _SCOPE_METRICS,
    },
    "Metric": {
        **_ABOUT,
        "histograms": (otlp.Metric.HISTOGRAM, _Type.TYPE_BYTES, *_REPEATED),
        **{name: (number, _Type.TYPE_BYTES, *_REPEATED) for name, (number, *_) in _OTHERS.items()},
    },
}


def _classes(package: str, messages: Mapping[str, _Fields]) -> Mapping[str, Any]:
    file = FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field_name, (number, kind, repeated, one_of) in fields.items():
            field = message.field.add(name=field_name, number=number)
            field.label = _Type.LABEL_REPEATED if repeated else _Type.LABEL_OPTIONAL
            if isinstance(kind, str):
                field.type, field.type_name = _Type.TYPE_MESSAGE, f".{package}.{kind}"
            else:
                field.type = kind  # type: ignore[assignment]
            if one_of:
                if not message.oneof_decl:
                    message.oneof_decl.add(name="data")
                field.oneof_index = 0
    pool = DescriptorPool()
    pool.Add(file)
    return {name: GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in messages}


_whole = _classes("reduse.whole", {**_COMMON, **_WHOLE})

Request = _whole["Request"]
Resource = _whole["Resource"]
HistogramDataPoint = _whole["HistogramDataPoint"]
KeyValue = _whole["KeyValue"]
Outline = _classes("reduse.outline", {**_COMMON, **_OUTLINED})["Request"]
OTHER_TYPES = tuple(_OTHERS)
