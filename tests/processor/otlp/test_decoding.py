"""Every good point becomes a row, and every bad one is refused by reason."""

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import HistogramDataPoint

from reduse.processor.core.columns import Kind, Stream
from reduse.processor.core.refusal import Refusal
from reduse.processor.otlp.decoding import Decoded, MalformedError, decode
from reduse.processor.otlp.one_export import COUNT_LIMIT
from tests.processor.exports import CUMULATIVE, SECOND, point, request, text

NOW = 1_790_000_000 * SECOND
USER = "00ff00ff00ff00ff"


def decoded(made: ExportMetricsServiceRequest) -> Decoded:
    return decode(made.SerializeToString(), latest=NOW)


def good(**changes: object) -> HistogramDataPoint:
    made = point(NOW - SECOND, NOW, 3, USER, 0.25)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def test_every_kind_of_point_becomes_a_row() -> None:
    start = NOW - SECOND
    result = decoded(
        request([point(start, NOW, 3, USER, 0.25), point(start, NOW, 0), point(start, NOW, 7, overflow=True)])
    )

    (export,) = result.exports
    assert (export.stream, export.start, export.time) == (Stream("mes-api", "one"), start, NOW)
    assert export.kinds.tolist() == [Kind.USER, Kind.ANONYMOUS, Kind.OVERFLOW]
    assert export.users.tolist() == [0x00FF00FF00FF00FF, 0, 0]
    assert export.counts.tolist() == [3, 0, 7]
    assert export.microseconds.tolist() == [250_000, 0, 70_000]
    assert not result.refused


def test_points_of_different_exports_are_told_apart() -> None:
    times = [(NOW - 3 * SECOND, NOW - 2 * SECOND), (NOW - 2 * SECOND, NOW - SECOND)]
    result = decoded(request([point(*times[i % 2], i, USER) for i in range(4)]))

    assert [(e.start, e.time, e.counts.tolist()) for e in result.exports] == [(*times[0], [0, 2]), (*times[1], [1, 3])]


def test_points_whose_starts_differ_are_one_export() -> None:
    """Whatever their number: each export is a step of the engine."""
    users = [f"{number:016x}" for number in range(1000)]
    starts = [NOW - SECOND + number for number in range(1000)]
    result = decoded(request([point(start, NOW, 1, user) for start, user in zip(starts[::-1], users, strict=True)]))

    (export,) = result.exports
    assert (export.start, export.time) == (starts[0], NOW)
    assert export.starts is not None
    assert export.starts.tolist() == starts[::-1]


def test_exports_of_many_times_are_told_apart_whatever_their_order() -> None:
    times = [NOW - number * SECOND for number in (5, 1, 5, 3, 1, 5)]
    result = decoded(request([point(time - n, time, n, USER) for n, time in enumerate(times, 1)]))

    assert [(e.time, e.start, e.counts.tolist()) for e in result.exports] == [
        (NOW - 5 * SECOND, NOW - 5 * SECOND - 6, [1, 3, 6]),
        (NOW - 3 * SECOND, NOW - 3 * SECOND - 4, [4]),
        (NOW - SECOND, NOW - SECOND - 5, [2, 5]),
    ]


@pytest.mark.parametrize(
    ("unit", "microseconds"),
    [("s", 250_000), ("ms", 250), ("us", 0), ("µs", 0), ("ns", 0), ("min", 15_000_000), ("h", 900_000_000)],
)
def test_durations_are_converted_from_their_unit(unit: str, microseconds: int) -> None:
    made = request([good()])
    made.resource_metrics[0].scope_metrics[0].metrics[0].unit = unit
    assert decoded(made).exports[0].microseconds.tolist() == [microseconds]


def test_in_each_unit_the_same_durations_are_too_long() -> None:
    for unit, longest in (("s", 1e6), ("ms", 1e9), ("us", 1e12), ("ns", 1e15), ("min", 1e6 / 60), ("h", 1e6 / 3600)):
        made = request([good(sum=longest * 0.999), good(sum=longest * 1.001)])
        made.resource_metrics[0].scope_metrics[0].metrics[0].unit = unit
        assert decoded(made).refused == {Refusal.BAD_SUM: 1}


@pytest.mark.parametrize("unit", ["", "seconds", "{request}", "S", "MS", "1", "\N{GREEK SMALL LETTER MU}s"])
def test_another_unit_is_refused(unit: str) -> None:
    made = request([good(), good()])
    made.resource_metrics[0].scope_metrics[0].metrics[0].unit = unit
    assert decoded(made).refusals.counts == {("mes-api", Refusal.WRONG_UNIT): 2}


def test_a_service_is_named_as_prometheus_names_its_job() -> None:
    for namespace, service, name in (
        ("eu", "mes-api", "eu/mes-api"),
        ("us", "mes-api", "us/mes-api"),
        ("", "mes-api", "mes-api"),
        ("é" * 256, "x" * 256, "é" * 256 + "/" + "x" * 256),
    ):
        made = request([good(), good(count=2**40)], service)
        made.resource_metrics[0].resource.attributes.append(text("service.namespace", namespace))
        result = decoded(made)
        assert result.exports[0].stream == Stream(name, "one")
        assert result.refusals.counts == {(name, Refusal.BAD_COUNT): 1}
    for namespace, service in (("eu", ""), ("x" * 257, "mes-api")):
        made = request([good()], service)
        made.resource_metrics[0].resource.attributes.append(text("service.namespace", namespace))
        assert decoded(made).refusals.counts == {("", Refusal.NO_STREAM): 1}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (good(count=COUNT_LIMIT + 1), Refusal.BAD_COUNT),
        (good(count=2**64 - 1), Refusal.BAD_COUNT),
        (good(sum=float("nan")), Refusal.BAD_SUM),
        (good(sum=float("inf")), Refusal.BAD_SUM),
        (good(sum=-0.5), Refusal.BAD_SUM),
        (good(flags=1), Refusal.NO_VALUE),
        (good(start_time_unix_nano=0), Refusal.BAD_INTERVAL),
        (good(start_time_unix_nano=NOW + 1), Refusal.BAD_INTERVAL),
        (good(time_unix_nano=NOW + 1), Refusal.FUTURE),
        (good(time_unix_nano=2**64 - 1), Refusal.FUTURE),
        (point(NOW - SECOND, NOW, 1, USER.upper()), Refusal.BAD_USER),
        (point(NOW - SECOND, NOW, 1, USER[1:]), Refusal.BAD_USER),
        (point(NOW - SECOND, NOW, 1, "é" * 16), Refusal.BAD_USER),
        (point(NOW - SECOND, NOW, 1, ""), Refusal.BAD_USER),
        (HistogramDataPoint(attributes=[text("http.route", "/")]), Refusal.UNKNOWN_ATTRIBUTE),
        (
            HistogramDataPoint(attributes=[text("user.hash", USER), text("http.route", "/")]),
            Refusal.UNKNOWN_ATTRIBUTE,
        ),
    ],
)
def test_a_bad_point_is_refused_by_reason_and_the_others_are_kept(bad: HistogramDataPoint, reason: Refusal) -> None:
    result = decoded(request([good(), bad, point(NOW - SECOND, NOW, 0)]))

    assert result.refused == {reason: 1}
    assert result.points == 2


def test_metrics_of_another_name_type_or_temporality_are_refused() -> None:
    for made, reason in (
        (request([good()], name="http.server.request.duration"), Refusal.UNKNOWN_METRIC),
        (request([good()], temporality=CUMULATIVE), Refusal.NOT_DELTA),
        (request([good()], service=""), Refusal.NO_STREAM),
        (request([good()], instance=""), Refusal.NO_STREAM),
    ):
        assert decoded(made).refused == {reason: 1}
    gauge = request([])
    gauge.resource_metrics[0].scope_metrics[0].metrics[0].gauge.data_points.add()
    assert decoded(gauge).refused == {Refusal.WRONG_TYPE: 1}


def test_text_that_is_not_utf8_spoils_only_its_own_point() -> None:
    body = request([good(), point(NOW - SECOND, NOW, 1, "broken-hash-0123")]).SerializeToString()
    result = decode(body.replace(b"broken-hash-0123", b"\xff" * 16), NOW)

    assert (result.points, result.refused) == (1, {Refusal.BAD_USER: 1})


def test_a_service_name_that_is_not_utf8_is_none() -> None:
    body = request([good()]).SerializeToString().replace(b"mes-api", b"mes\xffapi")
    assert decode(body, NOW).refused == {Refusal.NO_STREAM: 1}


def test_a_body_that_is_no_request_is_malformed() -> None:
    with pytest.raises(MalformedError):
        decode(b"\xff\xff", NOW)
