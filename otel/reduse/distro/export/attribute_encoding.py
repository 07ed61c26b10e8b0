"""Attributes of OTLP: names with values of any of its kinds.

Source: opentelemetry-proto, common.proto: field numbers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from reduse import otlp
from reduse.distro.export.protobuf import boolean, double, length_delimited, message, number, text

_UINT64 = (1 << 64) - 1

# As many series as one process may have of a few full metrics; each takes some 150 bytes.
_MOST_KEPT = 4096

Attributes = Mapping[str, Any] | None


class AttributeEncoder:
    """Encodes the attributes of series as the field `field` of their points.

    The SDK and our aggregations give the same object for the attributes of a series in every export, so each is encoded
    once. Not for several threads at once.
    """

    def __init__(self, field: int) -> None:
        self._field = field
        self._kept: dict[int, tuple[object, bytes]] = {}

    def encoded(self, attributes: Attributes) -> bytes:
        """All of them, one field after another; nothing where there are none."""
        # The object is kept, so that no other can have its identity.
        kept = self._kept.get(id(attributes))
        if kept is not None and kept[0] is attributes:
            return kept[1]
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        encoded = b"".join(encoded_attributes(self._field, attributes))
        self._kept[id(attributes)] = (attributes, encoded)
        return encoded


def encoded_attributes(field: int, attributes: Attributes) -> list[bytes]:
    """Each attribute as a field of this number. What has a value of no kind of OTLP's is left out."""
    parts: list[bytes] = []
    for name, value in (attributes or {}).items():
        encoded = _value(value)
        if encoded is not None:
            parts += message(field, [text(otlp.KeyValue.KEY, name), *message(otlp.KeyValue.VALUE, encoded)])
    return parts


def _value(value: Any) -> list[bytes] | None:
    """The fields of an `AnyValue`; None where OTLP has no such kind."""
    if value is None:
        return []
    if isinstance(value, bool):
        return [boolean(otlp.AnyValue.BOOL, value)]
    if isinstance(value, str):
        return [text(otlp.AnyValue.STRING, value)]
    if isinstance(value, int):
        # Negative ones are written as their complement of 64 bits.
        return [number(otlp.AnyValue.INT, value & _UINT64)]
    if isinstance(value, float):
        return [double(otlp.AnyValue.DOUBLE, value)]
    if isinstance(value, bytes):
        return [length_delimited(otlp.AnyValue.BYTES, len(value)), value]
    if isinstance(value, Sequence):
        return _elements(value)
    if isinstance(value, Mapping):
        return message(
            otlp.AnyValue.KEY_VALUES,
            encoded_attributes(otlp.ArrayValue.VALUES, {str(name): each for name, each in value.items()}),
        )
    return None


def _elements(values: Sequence[Any]) -> list[bytes] | None:
    parts: list[bytes] = []
    for each in values:
        encoded = _value(each)
        if encoded is None:
            return None
        parts += message(otlp.ArrayValue.VALUES, encoded)
    return message(otlp.AnyValue.ARRAY, parts)
