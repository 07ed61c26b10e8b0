"""Messages whose fields stand in another order: protobuf lets a writer choose any, and not all choose the same."""

from collections.abc import Sequence

from google.protobuf.message import Message
from opentelemetry.proto.metrics.v1.metrics_pb2 import HistogramDataPoint


def in_order(message: Message, fields: Sequence[str]) -> bytes:
    """The message with its fields in this order; those not named come last. Repeated ones must not be several."""
    present = {descriptor.name: value for descriptor, value in message.ListFields()}
    ordered = [*(name for name in fields if name in present), *(name for name in present if name not in fields)]
    return b"".join(_alone(message, name) for name in ordered)


def _alone(message: Message, field: str) -> bytes:
    one = type(message)()
    one.CopyFrom(message)
    for name in [descriptor.name for descriptor, _ in one.ListFields()]:
        if name != field:
            one.ClearField(name)
    return one.SerializeToString()


def point_in_order(point: HistogramDataPoint, fields: Sequence[str], attribute_fields: Sequence[str]) -> bytes:
    """A point, and its attributes likewise."""
    bare = HistogramDataPoint()
    bare.CopyFrom(point)
    bare.ClearField("attributes")
    attributes = b"".join(delimited(0x4A, in_order(each, attribute_fields)) for each in point.attributes)
    return in_order(bare, fields) + attributes


def delimited(tag: int, content: bytes) -> bytes:
    """A field that has a length, of one byte or two."""
    size = len(content)
    assert size < 0x4000
    return bytes([tag, *([size] if size < 0x80 else [size & 0x7F | 0x80, size >> 7])]) + content


def collector_encoding(point: HistogramDataPoint) -> bytes:
    """As collector 0.160 writes a point: the numbers backwards, then the attributes, each with its value first."""
    return point_in_order(point, ["sum", "count", "time_unix_nano", "start_time_unix_nano"], ["value", "key"])
