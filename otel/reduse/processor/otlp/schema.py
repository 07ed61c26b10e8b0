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

_Type = FieldDescriptorProto

# Field name: number, type (or the name of a message), repeated, in the message's oneof.
_Fields = Mapping[str, tuple[int, "int | str", bool, bool]]

_SCALAR, _ONE_OF, _REPEATED = (False, False), (False, True), (True, False)

_COMMON: Mapping[str, _Fields] = {
    "Resource": {"attributes": (1, "KeyValue", *_REPEATED)},
    "ScopeMetrics": {"metrics": (2, "Metric", *_REPEATED)},
    "KeyValue": {"key": (1, _Type.TYPE_BYTES, *_SCALAR), "value": (2, "AnyValue", *_SCALAR)},
    "AnyValue": {
        "string_value": (1, _Type.TYPE_BYTES, *_ONE_OF),
        "bool_value": (2, _Type.TYPE_BOOL, *_ONE_OF),
        "int_value": (3, _Type.TYPE_INT64, *_ONE_OF),
        "double_value": (4, _Type.TYPE_DOUBLE, *_ONE_OF),
        "array_value": (5, _Type.TYPE_BYTES, *_ONE_OF),
        "kvlist_value": (6, _Type.TYPE_BYTES, *_ONE_OF),
        "bytes_value": (7, _Type.TYPE_BYTES, *_ONE_OF),
    },
    # Metrics of other types are only counted.
    "Other": {"data_points": (1, _Type.TYPE_BYTES, *_REPEATED)},
}

_OTHERS: _Fields = {
    "gauge": (5, "Other", *_ONE_OF),
    "sum": (7, "Other", *_ONE_OF),
    "exponential_histogram": (10, "Other", *_ONE_OF),
    "summary": (11, "Other", *_ONE_OF),
}

_SCOPE_METRICS = 2, "ScopeMetrics", *_REPEATED
_ABOUT: _Fields = {"name": (1, _Type.TYPE_BYTES, *_SCALAR), "unit": (3, _Type.TYPE_BYTES, *_SCALAR)}

_WHOLE: Mapping[str, _Fields] = {
    "Request": {"resource_metrics": (1, "ResourceMetrics", *_REPEATED)},
    "ResourceMetrics": {"resource": (1, "Resource", *_SCALAR), "scope_metrics": _SCOPE_METRICS},
    "Metric": {**_ABOUT, "histogram": (9, "Histogram", *_ONE_OF), **_OTHERS},
    "Histogram": {
        "data_points": (1, "HistogramDataPoint", *_REPEATED),
        "aggregation_temporality": (2, _Type.TYPE_INT32, *_SCALAR),
    },
    "HistogramDataPoint": {
        "start_time_unix_nano": (2, _Type.TYPE_FIXED64, *_SCALAR),
        "time_unix_nano": (3, _Type.TYPE_FIXED64, *_SCALAR),
        "count": (4, _Type.TYPE_FIXED64, *_SCALAR),
        "sum": (5, _Type.TYPE_DOUBLE, *_SCALAR),
        "attributes": (9, "KeyValue", *_REPEATED),
        "flags": (10, _Type.TYPE_UINT32, *_SCALAR),
    },
}

_OUTLINED: Mapping[str, _Fields] = {
    "Request": _WHOLE["Request"],
    # A field that may be merged from several parts is declared as repeated: whoever reads it sees that it is.
    "ResourceMetrics": {"resources": (1, _Type.TYPE_BYTES, *_REPEATED), "scope_metrics": _SCOPE_METRICS},
    "Metric": {
        **_ABOUT,
        "histograms": (9, _Type.TYPE_BYTES, *_REPEATED),
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
