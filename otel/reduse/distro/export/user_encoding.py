"""`reduse.user.request.duration` of many users as one encoded OTLP request.

Each point is a histogram without bounds: a count, a sum and the user's attribute, with those of its class before it.
Points of one class whose users have the same length differ in nothing but these three, so one `struct` writes each.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from select import select
from struct import Struct
from struct import pack as pack_values

from opentelemetry.sdk.resources import Resource

from reduse import otlp
from reduse.distro.export.metrics_encoding import encoded_resource, encoded_scope
from reduse.distro.export.points import SCHEMA_URL, SCOPE
from reduse.distro.export.protobuf import FIXED64, length_delimited, message, number, tag, text
from reduse.distro.sources.users.delta import UserPoint
from reduse.wire import (
    DELTA,
    DESCRIPTION,
    METRIC,
    OVERFLOW_MARK,
    PLAIN,
    POLICY,
    STATUS_CODE,
    THROTTLED,
    UNIT,
    RequestClass,
)

# After so many points the interpreter is offered to the other threads, so that no request waits for a whole export.
SLICE_POINTS = 500


def _wait(seconds: float) -> None:
    # Not `time.sleep`, which fails under libfaketime.
    select((), (), (), seconds)


def encode_users(
    resource: Resource,
    start: int,
    end: int,
    points: Iterable[UserPoint],
    attribute: str,
    give_way: Callable[[float], object] = _wait,
) -> bytes:
    """An `ExportMetricsServiceRequest` with these points of one delta, (start, end] in nanoseconds of Unix time.

    Args:
        resource: what the process is.
        start: see above.
        end: see above.
        points: in the order in which they are sent.
        attribute: the name of the attribute that carries the user.
        give_way: called with 0 seconds after each slice of points.
    """
    slices: list[bytes] = []
    for encoded in _encoded_slices(points, start, end, attribute):
        slices.append(encoded)
        give_way(0)
    histogram = [*slices, number(otlp.Data.AGGREGATION_TEMPORALITY, DELTA)]
    metric = [
        text(otlp.Metric.NAME, METRIC),
        text(otlp.Metric.DESCRIPTION, DESCRIPTION),
        text(otlp.Metric.UNIT, UNIT),
        *message(otlp.Metric.HISTOGRAM, histogram),
    ]
    scope = [
        encoded_scope(SCOPE),
        *message(otlp.ScopeMetrics.METRICS, metric),
        text(otlp.ScopeMetrics.SCHEMA_URL, SCHEMA_URL),
    ]
    resource_metrics = [encoded_resource(resource), *message(otlp.ResourceMetrics.SCOPE_METRICS, scope)]
    return b"".join(message(otlp.Request.RESOURCE_METRICS, resource_metrics))


def _encoded_slices(points: Iterable[UserPoint], start: int, end: int, attribute: str) -> Iterator[bytes]:
    times = (
        tag(otlp.Point.START_TIME, FIXED64)
        + pack_values("<Q", start)
        + tag(otlp.Point.TIME, FIXED64)
        + pack_values("<Q", end)
    )
    # By the length of the user, of the class whose points are at hand: those of a class follow each other.
    layouts: dict[int, _Layout] = {}
    current = PLAIN
    # The points are taken one by one: holding them would set off the garbage collector, which holds up everything.
    remaining = iter(points)
    while True:
        records = []
        for user, requests, seconds, overflow, request_class in islice(remaining, SLICE_POINTS):
            if user is None:
                records.append(_Layout(times, _mark(overflow=overflow), 0).encode(requests, seconds, b""))
                continue
            value = user.encode("utf-8", "replace")
            if request_class is not current:
                layouts, current = {}, request_class
            layout = layouts.get(len(value))
            if layout is None:
                leading = _of_class(request_class) + _attribute(attribute, len(value))
                layout = layouts[len(value)] = _Layout(times, leading, len(value))
            records.append(layout.encode(requests, seconds, value))
        if not records:
            return
        yield b"".join(records)


class _Layout:
    """A data point: its length, its times, count, sum, what leads to the attribute's value, the value."""

    __slots__ = ("encode",)

    def __init__(self, times: bytes, attribute: bytes, value_size: int) -> None:
        before_count = times + tag(otlp.HistogramPoint.COUNT, FIXED64)
        before_sum = tag(otlp.HistogramPoint.SUM, FIXED64)
        size = len(before_count) + 8 + len(before_sum) + 8 + len(attribute) + value_size
        head = length_delimited(otlp.Data.DATA_POINTS, size) + before_count
        pack = Struct(f"<{len(head)}sQ{len(before_sum)}sd{len(attribute)}s{value_size}s").pack

        def encode(count: int, seconds: float, value: bytes) -> bytes:
            return pack(head, count, before_sum, seconds, attribute, value)

        self.encode = encode


def _attribute(name: str, value_size: int) -> bytes:
    """An attribute of a string value, up to the value."""
    value = length_delimited(otlp.AnyValue.STRING, value_size)
    key_value = text(otlp.KeyValue.KEY, name) + length_delimited(otlp.KeyValue.VALUE, len(value) + value_size) + value
    return length_delimited(otlp.HistogramPoint.ATTRIBUTES, len(key_value) + value_size) + key_value


def _of_class(request_class: RequestClass) -> bytes:
    """The attributes of a class, in one order; nothing for requests under no policy that were not throttled."""
    parts: list[bytes] = []
    if request_class.policy:
        parts += message(
            otlp.HistogramPoint.ATTRIBUTES,
            [
                text(otlp.KeyValue.KEY, POLICY),
                *message(otlp.KeyValue.VALUE, [text(otlp.AnyValue.STRING, request_class.policy)]),
            ],
        )
    if request_class.throttled:
        parts += message(
            otlp.HistogramPoint.ATTRIBUTES,
            [
                text(otlp.KeyValue.KEY, STATUS_CODE),
                *message(otlp.KeyValue.VALUE, [number(otlp.AnyValue.INT, THROTTLED)]),
            ],
        )
    return b"".join(parts)


def _mark(*, overflow: bool) -> bytes:
    """The attribute that marks the point of all users beyond the bound; nothing for the unidentified."""
    if not overflow:
        return b""
    key_value = [text(otlp.KeyValue.KEY, OVERFLOW_MARK), *message(otlp.KeyValue.VALUE, [number(otlp.AnyValue.BOOL, 1)])]
    return b"".join(message(otlp.HistogramPoint.ATTRIBUTES, key_value))
