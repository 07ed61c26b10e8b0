"""Each cumulative series begins with a point of 0, sent until it has arrived; all of an export has one time."""

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from reduse.distro.base.clock import MILLISECOND, SECOND, ExportTime
from reduse.distro.export.first_points import OLDEST_ZERO, SYSTEM_METRICS, FirstPoints
from reduse.distro.lifecycle.provider import meter_provider
from reduse.distro.lifecycle.telemetry import Telemetry
from tests.distro.doubles import SERIES, Agent, Clock, Request, http_of, names, settings

CUMULATIVE = AggregationTemporality.CUMULATIVE
START = 1_000 * SECOND

# Time, start, and value or count.
Points = list[tuple[int, int, Any]]


def at(second: int, set_back: int = 0) -> ExportTime:
    """The export of this second; the process began ten seconds before the first, its interpreter ten before that."""
    begun = START - set_back
    return ExportTime(
        begun - 20 * SECOND,
        begun - 10 * SECOND,
        START + (second - 1) * SECOND - set_back,
        START + second * SECOND - set_back,
        set_back,
    )


def counter(value: Any, attributes: dict[str, Any] | None = None, *, monotonic: bool = True) -> Sum:
    return Sum([NumberDataPoint({} if attributes is None else attributes, 5, 6, value)], CUMULATIVE, monotonic)


def exported(data: Any, scope: str = "shop", name: str = "orders") -> MetricsData:
    scopes = [ScopeMetrics(InstrumentationScope(scope), [Metric(name, "", "1", data)], "")]
    return MetricsData([ResourceMetrics(Resource({}), scopes, "")])


def sent(data: MetricsData) -> Points:
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    points: Any = metric.data.data_points
    return [
        (point.time_unix_nano, point.start_time_unix_nano, getattr(point, "value", getattr(point, "count", None)))
        for point in points
    ]


def second(number: int) -> int:
    return START + number * SECOND


def test_a_counter_begins_with_0_at_the_end_of_the_collection_before() -> None:
    first = FirstPoints()
    assert sent(first.begin(exported(counter(3)), at(1))) == [(second(0), second(0), 0), (second(1), second(0), 3)]
    first.delivered()
    assert sent(first.begin(exported(counter(4)), at(2))) == [(second(2), second(0), 4)]


def test_a_histogram_begins_with_empty_buckets() -> None:
    point = HistogramDataPoint({"a": 1}, 5, 6, 3, 0.6, (1, 2, 0), (0.1, 0.5), 0.1, 0.3)
    data = FirstPoints().begin(exported(Histogram([point], CUMULATIVE)), at(1))
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    points: Any = metric.data.data_points
    zero, actual = points
    assert (zero.count, zero.sum, zero.bucket_counts, zero.explicit_bounds) == (0, 0.0, (0, 0, 0), (0.1, 0.5))
    assert (zero.min, zero.max) == (None, None)
    assert zero.attributes == actual.attributes == {"a": 1}
    assert (actual.count, actual.sum, actual.bucket_counts, actual.min) == (3, 0.6, (1, 2, 0), 0.1)
    assert zero.time_unix_nano == zero.start_time_unix_nano == actual.start_time_unix_nano


def test_the_0_is_of_the_kind_of_the_value() -> None:
    for value in (3, 3.5):
        data = FirstPoints().begin(exported(counter(value)), at(1))
        assert type(sent(data)[0][2]) is type(value)


def test_a_0_that_may_not_have_arrived_is_sent_again_the_same() -> None:
    first = FirstPoints()
    lost = sent(first.begin(exported(counter(3)), at(1)))
    again = sent(first.begin(exported(counter(5)), at(2)))
    assert again == [lost[0], (second(2), second(0), 5)]


def test_a_new_series_of_a_known_metric_begins_too_and_equal_attributes_are_the_same_series() -> None:
    first = FirstPoints()
    first.begin(exported(counter(3, {"route": "/a"})), at(1))
    first.delivered()
    assert len(sent(first.begin(exported(counter(3, {"route": "/a"})), at(2)))) == 1, "another object"
    first.delivered()
    assert sent(first.begin(exported(counter(1, {"route": "/b"})), at(3)))[0] == (second(2), second(2), 0)


@pytest.mark.parametrize("values", [(1, 1.0, True, "1"), ((1, 2), ("1", "2")), (None, "None", "")])
def test_values_that_python_takes_for_equal_are_different_series(values: tuple[Any, ...]) -> None:
    first = FirstPoints()
    for number, value in enumerate(values):
        assert len(sent(first.begin(exported(counter(1, {"a": value})), at(number + 1)))) == 2
        first.delivered()


def test_metrics_of_one_name_in_two_scopes_are_two() -> None:
    first = FirstPoints()
    attributes = {"a": 1}
    for scope in ("shop", "crm"):
        assert len(sent(first.begin(exported(counter(1, attributes), scope), at(1)))) == 2
        first.delivered()


def test_what_goes_up_and_down_needs_no_0_but_has_the_time() -> None:
    data = FirstPoints().begin(exported(counter(3, monotonic=False)), at(1))
    assert sent(data) == [(second(1), second(0), 3)]


@pytest.mark.parametrize(
    ("name", "since"), [("process.cpu.time", START - 10 * SECOND), ("cpython.gc.collections", START - 20 * SECOND)]
)
def test_what_the_process_has_counted_before_its_first_export_counts_from_its_start(name: str, since: int) -> None:
    data = FirstPoints().begin(exported(counter(3.5), SYSTEM_METRICS, name), at(1))
    assert sent(data) == [(since, since, 0.0), (second(1), since, 3.5)]


def test_what_the_machine_has_counted_since_an_unknown_time_has_no_0() -> None:
    first = FirstPoints()
    for number in (1, 2):
        data = first.begin(exported(counter(10**12), SYSTEM_METRICS, "system.network.io"), at(number))
        assert sent(data) == [(second(number), 0, 10**12)]


def test_a_0_that_the_gateway_would_not_take_any_more_is_not_sent() -> None:
    first = FirstPoints()
    first.begin(exported(counter(3)), at(1))
    late = 1 + OLDEST_ZERO // SECOND
    assert sent(first.begin(exported(counter(4)), at(late))) == [(second(late), second(0), 4)]


def test_when_times_go_back_every_series_begins_again_on_the_new_time_line() -> None:
    first = FirstPoints()
    first.begin(exported(counter(3)), at(1))
    first.delivered()
    back = 600 * SECOND
    begun = second(0) - back
    assert sent(first.begin(exported(counter(5)), at(2, back))) == [(begun, begun, 0), (second(2) - back, begun, 5)]
    first.delivered()
    assert len(sent(first.begin(exported(counter(5)), at(3)))) == 1


def test_a_process_that_gives_new_attributes_each_time_costs_no_memory() -> None:
    first = FirstPoints()
    for number in range(1, 50):
        first.begin(exported(counter(number, {"route": "/a"})), at(number))
        first.delivered()
    (stream,) = first._streams.values()
    assert len(stream._by_object) <= 2
    assert len(stream._by_content) == 1


def test_a_forked_child_begins_anew() -> None:
    first = FirstPoints()
    first.begin(exported(counter(3)), at(1))
    first.delivered()
    first.reset()
    assert sent(first.begin(exported(counter(1)), at(9)))[0] == (second(8), second(8), 0)


OUTCOMES = st.sampled_from(["ok", "away", "lost"])
WORK = st.lists(st.sampled_from(["/a", "/b", "/c", "/d"]), max_size=4)


@given(st.lists(st.tuples(WORK, OUTCOMES, OUTCOMES), max_size=20))
def test_increases_add_up_to_what_was_counted_under_any_pattern_of_failures(
    rounds: list[tuple[list[str], str, str]],
) -> None:
    """By the SDK's instruments and by ours: from its 0 on, each series that arrives rises to its count."""
    agent = Agent()
    telemetry = Telemetry(settings(), Clock())
    provider = meter_provider(telemetry, lambda: agent, Resource({"service.name": "x"}), "user.hash", tracing=False)
    meter = provider.get_meter("shop")
    orders, sizes = meter.create_counter("orders"), meter.create_histogram("sizes")
    counted: dict[str, int] = defaultdict(int)
    http_of(telemetry).open()
    try:
        for work, *outcomes in rounds:
            for route in work:
                counted[route] += 1
                orders.add(1, {"http.route": route})
                sizes.record(1, {"http.route": route})
                http_of(telemetry).aggregation.end(Request(), (*SERIES[:1], route, *SERIES[2:]), 0.1, None)
            agent.script = list(outcomes)
            provider.force_flush()
        agent.script = []
        provider.force_flush()
        for name in ("orders", "sizes", "http.server.request.duration"):
            series = _series(agent, name)
            assert {route: _increase(points) for route, points in series.items()} == counted
    finally:
        provider.shutdown()


def _series(agent: Agent, name: str) -> dict[str, Points]:
    series: dict[str, Points] = defaultdict(list)
    for metric in (metric for export in agent.exports for metric in export if metric.name == name):
        points: Any = metric.data.data_points
        for point in points:
            value = getattr(point, "value", getattr(point, "count", None))
            series[point.attributes["http.route"]].append((point.time_unix_nano, point.start_time_unix_nano, value))
    return series


def _increase(points: Points) -> float:
    by_time = dict.fromkeys(sorted(point[0] for point in points), -1.0)
    for time, start, value in points:
        assert by_time[time] in (-1.0, value), "one value for a series and a time"
        by_time[time] = value
        assert start <= time
    assert len({start for _, start, _ in points}) == 1
    assert min(by_time) == points[0][1]
    values = list(by_time.values())
    assert values == sorted(values)
    assert len({time // MILLISECOND for time in by_time}) == len(by_time)
    return float(values[-1] - values[0])


def test_all_that_is_exported_together_has_one_time() -> None:
    agent = Agent()
    telemetry = Telemetry(settings(), Clock())
    provider = meter_provider(telemetry, lambda: agent, Resource({"service.name": "x"}), "user.hash", tracing=False)
    http_of(telemetry).open()
    for _ in range(2):
        provider.get_meter("shop").create_counter("orders").add(1)
        http_of(telemetry).aggregation.end(Request(), SERIES, 0.1, None)
        provider.force_flush()
    provider.shutdown()
    # The second: it has no points of 0.
    cumulative, users = agent.exports[2:4]
    points: Any = [point for metric in (*cumulative, *users) for point in metric.data.data_points]
    assert len({point.time_unix_nano for point in points}) == 1
    assert {"orders", "http.server.request.duration", "reduse.distro.held"} <= set(names(cumulative))
    assert names(users) == ["reduse.user.request.duration"]


def test_an_observable_counter_that_appears_later_begins_at_the_collection_before() -> None:
    agent = Agent()
    telemetry = Telemetry(settings(), Clock())
    provider = meter_provider(telemetry, lambda: agent, Resource({"service.name": "x"}), "user.hash", tracing=False)
    errors: dict[str, int] = {}

    def observe(_options: CallbackOptions) -> list[Observation]:
        return [Observation(count, {"http.route": route}) for route, count in errors.items()]

    provider.get_meter("shop").create_observable_counter("errors", callbacks=[observe])
    http_of(telemetry).open()
    provider.force_flush()
    errors["/a"] = 1
    provider.force_flush()
    provider.shutdown()
    (route,) = _series(agent, "errors").items()
    assert _increase(route[1]) == 1


def test_a_process_that_did_nothing_yet_was_at_0_until_the_collection_before() -> None:
    """A consumer that waits for an hour: its first message is a message a second, not one an hour."""
    agent = Agent()
    clock = Clock()
    telemetry = Telemetry(settings(), clock)
    provider = meter_provider(telemetry, lambda: agent, Resource({"service.name": "x"}), "user.hash", tracing=False)
    for _ in range(3600):
        provider.force_flush()
    assert agent.exports == []
    provider.get_meter("shop").create_counter("orders").add(1, {"http.route": "/a"})
    provider.force_flush()
    points = _series(agent, "orders")["/a"]
    provider.shutdown()
    assert [value for _, _, value in points[:2]] == [0, 1]
    assert points[1][0] - points[0][0] == SECOND
