"""Both decoders say the same of any bytes, point for point: what exporters write, and what nobody should."""

from collections.abc import Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import HistogramDataPoint

from reduse.processor.core.columns import Kind
from reduse.processor.otlp import decoding
from reduse.processor.otlp.decoding import Decoded, MalformedError, decode, decode_plainly
from reduse.processor.otlp.histogram import newest, read_histogram
from reduse.processor.otlp.layout import layout_of
from reduse.processor.otlp.one_export import read_one_export
from reduse.processor.otlp.points import Points, read_points
from reduse.processor.otlp.schema import HistogramDataPoint as DecodedPoint
from reduse.wire import RequestClass
from tests.processor.exports import CUMULATIVE, DELTA, SECOND, point, request, text
from tests.processor.otlp.field_order import collector_encoding, delimited, point_in_order

FIELDS = ["start_time_unix_nano", "time_unix_nano", "count", "sum", "bucket_counts"]
# The tag of a point in its histogram.
POINT = 0x0A
NOW = 1_790_000_000 * SECOND
HASH = "00ff00ff00ff00ff"

hashes = st.integers(0, 2**64 - 1).map(lambda user: f"{user:016x}")
ATTRIBUTES = ["user.hash", "otel.metric.overflow", "reduse.policy", "http.response.status_code", "http.route", ""]
names = st.sampled_from(ATTRIBUTES)
any_values = st.one_of(
    hashes.map(lambda digits: AnyValue(string_value=digits)),
    st.text(max_size=20).map(lambda value: AnyValue(string_value=value)),
    st.booleans().map(lambda value: AnyValue(bool_value=value)),
    (st.integers(-5, 5) | st.just(429)).map(lambda value: AnyValue(int_value=value)),
    st.sampled_from(["price", "jobs", "Price", "x" * 32, "x" * 33]).map(lambda value: AnyValue(string_value=value)),
    st.floats().map(lambda value: AnyValue(double_value=value)),
    st.binary(max_size=16).map(lambda value: AnyValue(bytes_value=value)),
    st.just(AnyValue()),
)
times = st.sampled_from([0, 1, NOW - SECOND, NOW, NOW + 1, 2**64 - 1])
counts = st.integers(0, 3) | st.sampled_from([2**32, 2**32 + 1, 2**64 - 1])


@st.composite
def odd_points(draw: DrawFn) -> HistogramDataPoint:
    """Anything that the messages can hold."""
    made = HistogramDataPoint(
        start_time_unix_nano=draw(times),
        time_unix_nano=draw(times),
        count=draw(counts),
        flags=draw(st.sampled_from([0, 0, 1, 2, 127, 128, 2**32 - 1])),
    )
    for field in ("sum", "min", "max"):
        if draw(st.booleans()):
            setattr(made, field, draw(st.floats() | st.floats(0, 10)))
    made.bucket_counts.extend(draw(st.lists(counts, max_size=2)))
    made.explicit_bounds.extend(draw(st.lists(st.floats(0, 1), max_size=1)))
    made.attributes.extend(
        draw(st.lists(st.builds(KeyValue, key=names, value=any_values), max_size=3))
        or [text("user.hash", draw(hashes))] * draw(st.integers(0, 1))
    )
    if draw(st.integers(0, 9)) == 0:
        made.exemplars.add(as_double=1.5)
    return made


ordinary_points = st.builds(lambda user, count: point(NOW - SECOND, NOW, count, user), hashes, st.integers(1, 5))
classed_points = st.builds(
    lambda user, policy, throttled: point(NOW - SECOND, NOW, 2, user, policy=policy, throttled=throttled),
    hashes,
    st.sampled_from(["", "price", "jobs"]),
    st.booleans(),
)
runs = st.lists(ordinary_points, max_size=80) | st.lists(classed_points, max_size=20)


@st.composite
def requests(draw: DrawFn) -> ExportMetricsServiceRequest:
    made = ExportMetricsServiceRequest()
    for _ in range(draw(st.integers(1, 2))):
        points = [*draw(runs), *draw(st.lists(odd_points(), max_size=4)), *draw(runs)]
        one = request(
            points,
            service=draw(st.sampled_from(["mes-api", "", "é", "x" * 257])),
            name=draw(st.sampled_from([decoding.METRIC.decode(), decoding.METRIC.decode(), "other"])),
            temporality=draw(st.sampled_from([DELTA, DELTA, CUMULATIVE])),
        )
        metrics = one.resource_metrics[0].scope_metrics[0].metrics
        metrics[0].unit = draw(st.sampled_from(["s", "s", "ms", "ns", "By", ""]))
        if draw(st.integers(0, 4)) == 0:
            metrics.add(name="reduse.user.request.duration").gauge.data_points.add()
        made.MergeFrom(one)
    return made


def told(decoder: object, body: bytes) -> object:
    """All that a decoder says of a body, as plain values."""
    assert callable(decoder)
    try:
        found = decoder(body, NOW)
    except MalformedError:
        return "malformed"
    assert isinstance(found, Decoded)
    return found.refusals.counts, [
        (
            export.stream,
            export.start,
            export.time,
            export.kinds.tolist(),
            export.users.tolist(),
            export.counts.tolist(),
            export.microseconds.tolist(),
            None if export.starts is None else export.starts.tolist(),
            export.request_class,
        )
        for export in found.exports
    ]


@pytest.mark.slow
@given(requests())
def test_of_any_request_and_no_point_is_neither_taken_nor_refused(made: ExportMetricsServiceRequest) -> None:
    body = made.SerializeToString()
    assert told(decode, body) == told(decode_plainly, body)
    found = decode(body, NOW)
    assert found.points + found.refused.total() == sum(
        len(metric.histogram.data_points) + len(metric.gauge.data_points)
        for resource_metrics in made.resource_metrics
        for scope_metrics in resource_metrics.scope_metrics
        for metric in scope_metrics.metrics
    )


def columns(points: Mapping[RequestClass, Points]) -> dict[RequestClass, list[object]]:
    return {
        request_class: [getattr(of_class, name).tolist() for name in Points.__slots__]
        for request_class, of_class in points.items()
    }


@given(runs, st.permutations(FIELDS), st.permutations(["key", "value"]))
def test_of_points_whose_fields_stand_in_any_order(
    points: list[HistogramDataPoint], fields: list[str], attribute_fields: list[str]
) -> None:
    contents = [point_in_order(each, fields, attribute_fields) for each in points]
    encoded = [delimited(POINT, content) for content in contents]
    for one, content in zip(encoded[:1], contents, strict=False):
        assert layout_of(one, len(one) - len(content)) is not None
    assert columns(read_histogram(b"".join(encoded)).points) == columns(
        read_points(map(DecodedPoint.FromString, contents))
    )


@pytest.mark.slow
@given(requests(), requests())
def test_of_requests_one_after_another_which_are_one(
    first: ExportMetricsServiceRequest, second: ExportMetricsServiceRequest
) -> None:
    body = first.SerializeToString() + second.SerializeToString()
    assert told(decode, body) == told(decode_plainly, body)


@pytest.mark.slow
@settings(max_examples=500)
@given(requests(), st.data())
def test_of_a_request_with_some_bytes_changed(made: ExportMetricsServiceRequest, data: st.DataObject) -> None:
    """Most changes hit a point in the middle of a run: tags, lengths, values."""
    body = bytearray(made.SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(0, len(body) - 1)))
        match data.draw(st.sampled_from(["replace", "insert", "delete", "cut"])):
            case "replace" if body:
                body[at] = data.draw(st.integers(0, 255))
            case "insert":
                body[at:at] = data.draw(st.binary(min_size=1, max_size=5))
            case "delete":
                del body[at : at + data.draw(st.integers(1, 5))]
            case _:
                del body[len(body) - data.draw(st.integers(0, 3)) :]
    assert told(decode, bytes(body)) == told(decode_plainly, bytes(body))


@given(st.binary(max_size=300))
@example(b"")
def test_of_any_bytes(body: bytes) -> None:
    assert told(decode, body) == told(decode_plainly, body)


@given(odd_points(), st.integers(2, 200))
def test_a_layout_is_only_found_where_it_is_right(odd: HistogramDataPoint, repeated: int) -> None:
    """A point of any shape, many times: as a run, if it has a layout."""
    body = request([odd] * repeated).SerializeToString()
    assert told(decode, body) == told(decode_plainly, body)


def test_what_exporters_write_is_read_as_runs() -> None:
    """With buckets and without, and a heartbeat after them: protobuf sees only one point in a thousand."""
    for buckets in ([3], []):
        made = point(NOW - SECOND, NOW, 3, HASH)
        del made.bucket_counts[:]
        made.bucket_counts.extend(buckets)
        encoded = made.SerializeToString()
        assert layout_of(bytes([0x0A, len(encoded)]) + encoded, 2) is not None
        by_the_collector = delimited(POINT, collector_encoding(made))
        assert layout_of(by_the_collector, 2) is not None
    body = request([point(NOW - SECOND, NOW, 3, HASH)] * 1000).resource_metrics[0].scope_metrics[0].metrics[0].histogram
    assert read_histogram(body.SerializeToString()).number == 1000


# What a point is judged by; its own value stays where it is None.
spoilt = st.fixed_dictionaries(
    {},
    optional={
        "start_time_unix_nano": times,
        "time_unix_nano": times,
        "count": counts,
        "sum": st.floats() | st.sampled_from([0.0, -0.0, -1e-300, 1e6, 1e6 + 1e-3, 1e9, 0.0000005, 0.0000015]),
        "flags": st.integers(0, 3),
    },
)


@given(
    st.lists(ordinary_points, max_size=20) | st.lists(classed_points, max_size=3),
    st.lists(st.tuples(st.integers(0, 99), spoilt), max_size=2),
    st.booleans(),
    st.sampled_from(["s", "ms", "ns"]),
)
def test_of_an_export_of_which_a_point_may_not_be_good(
    points: list[HistogramDataPoint], changes: list[tuple[int, dict[str, float]]], of_nobody: bool, unit: str
) -> None:
    """Points that are read and judged in one pass, and point by point by reason."""
    # So that layouts of both kinds are known.
    decode(request([point(NOW - SECOND, NOW, 1, HASH), point(NOW - SECOND, NOW, 1, None)]).SerializeToString(), NOW)
    points = [*points, *[point(NOW - SECOND, NOW, 5, None)] * of_nobody]
    for number, fields in changes if points else ():
        for field, value in fields.items():
            setattr(points[number % len(points)], field, value)
    made = request(points)
    made.resource_metrics[0].scope_metrics[0].metrics[0].unit = unit
    body = made.SerializeToString()
    assert told(decode, body) == told(decode_plainly, body)


def test_a_whole_export_is_read_in_one_pass() -> None:
    """And what is not one is left to others."""
    users, nobody = [point(NOW - SECOND, NOW, 3, HASH)] * 100, point(NOW - SECOND, NOW, 1, None)
    decode(request([*users, nobody]).SerializeToString(), NOW)
    for points, is_one in (
        ([*users, nobody], True),
        (users, True),
        ([nobody], True),
        ([], False),
        ([nobody, *users], False),
        ([*users, point(NOW - SECOND, NOW + 1, 3, HASH)], False),
        ([*users, point(NOW - SECOND, NOW, 2**32 + 1, HASH)], False),
    ):
        encoded = request(points).resource_metrics[0].scope_metrics[0].metrics[0].histogram.SerializeToString()
        layouts = newest(Kind.USER), newest(Kind.ANONYMOUS)
        found = read_one_export(encoded, *layouts, 1e6, 1e6, NOW)
        assert (found is not None) == is_one
        assert found is None or len(found.kinds) == len(points)


def test_points_of_each_class_are_read_as_runs() -> None:
    for policy, throttled in (("price", False), ("", True), ("x" * 32, True)):
        made = point(NOW - SECOND, NOW, 3, HASH, policy=policy, throttled=throttled)
        for encoded in (made.SerializeToString(), collector_encoding(made)):
            layout = layout_of(delimited(POINT, encoded), len(delimited(POINT, encoded)) - len(encoded))
            assert layout is not None
            assert layout.request_class == (policy, throttled)
