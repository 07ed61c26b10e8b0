"""Odd names, attributes, times and numbers, of which odd metrics are made."""

import math
import struct
import time

from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

SECOND = 1_000_000_000
HOUR = 3600 * SECOND

NOT_UTF8 = "(not UTF-8)"
"""Stands for bytes that are no text: protobuf's own messages in Python cannot hold them."""

ODD_NAMES = (
    "",
    " ",
    "запросы",
    "🔥",
    "a:b",
    "x" * 10_000,
    "x" * 512,
    "nul\0nul",
    NOT_UTF8,
    "1st",
    "_",
    "__",
    "{}",
    "__name__",
    "le",
    "quantile",
    "job",
    "instance",
    "otel_scope_name",
    "target_info",
    "up",
    "ALERTS",
    "reduse.export.interval",
    "reduse.user.request.duration",
    "http.server.request.duration",
    # Names that are one in the store.
    "foo",
    "foo_count",
    "foo_sum",
    "foo_bucket",
    "foo_total",
    "foo.total",
    "foo-total",
)
# Half of them are ordinary: what is odd in each respect goes no further than the first check.
names = st.one_of(
    st.sampled_from(("a", "b", "foo", "foo_count")),
    st.sampled_from(("a", "b", "c.d", "foo", "foo_total")),
    st.sampled_from(ODD_NAMES),
    st.text(max_size=12),
)

UNITS = (*[""] * 10, "s", "ms", "1", "%", "{request}", "{request}/s", "By", "m/s", "/", "{", "ш" * 600, NOT_UTF8)

STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
SIGNALLING = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000001))[0]
doubles = st.one_of(
    st.sampled_from((0.0, -0.0, 1.0, -1.0, math.nan, math.inf, -math.inf, 5e-324, 1.7e308, STALE, SIGNALLING)),
    st.floats(),
)
whole = st.one_of(st.sampled_from((0, 1, -1, 2**63 - 1, -(2**63))), st.integers(-1000, 1000))
counts = st.one_of(st.sampled_from((0, 1, 2**32, 2**63, 2**64 - 1)), st.integers(0, 50))

_AGES = (0, 0, 0, 0, 1, 1_000_000, SECOND, 60 * SECOND, HOUR, 2 * HOUR, 48 * HOUR, -SECOND, -240 * SECOND, -HOUR)
_ABSOLUTE = (0, 1, 1_000_000, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
# Drawn as an age, so that what is drawn does not depend on the clock.
times = st.one_of(
    st.integers(0, 20).map(lambda age: time.time_ns() - age * SECOND),
    st.sampled_from(_AGES).map(lambda age: time.time_ns() - age),
    st.integers(0, 120).map(lambda age: time.time_ns() - age * SECOND),
    st.sampled_from(_ABSOLUTE),
)

_texts = st.one_of(st.sampled_from((*ODD_NAMES, "x" * 5_000)), st.text(max_size=8))
_leaves = st.one_of(
    _texts.map(lambda value: AnyValue(string_value=value)),
    st.booleans().map(lambda value: AnyValue(bool_value=value)),
    whole.map(lambda value: AnyValue(int_value=value)),
    doubles.map(lambda value: AnyValue(double_value=value)),
    st.binary(max_size=6).map(lambda value: AnyValue(bytes_value=value)),
    st.just(AnyValue()),
)


def _array(values: list[AnyValue]) -> AnyValue:
    return AnyValue(array_value=ArrayValue(values=values))


def _dictionary(pairs: list[tuple[str, AnyValue]]) -> AnyValue:
    return AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key=key, value=value) for key, value in pairs]))


any_values = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(_array), st.lists(st.tuples(names, inner), max_size=3).map(_dictionary)
    ),
    max_leaves=4,
)
_pairs = st.builds(lambda key, value: KeyValue(key=key, value=value), names, any_values)
_plain = st.sampled_from("abc").map(lambda value: [KeyValue(key="key", value=AnyValue(string_value=value))])
plain_attributes = st.one_of(st.just(list[KeyValue]()), _plain)
# Keys that come twice, or are one as labels, are among them.
attributes = st.one_of(
    plain_attributes,
    plain_attributes,
    st.lists(_pairs, max_size=2),
    st.sampled_from((["a.b", "a_b"], ["a", "a"], ["", "a"], [f"k{number}" for number in range(70)])).map(
        lambda keys: [KeyValue(key=key, value=AnyValue(string_value=str(at))) for at, key in enumerate(keys)]
    ),
)
