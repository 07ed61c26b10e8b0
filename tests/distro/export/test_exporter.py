"""What goes in comes out: every request is delivered once, whatever the agent does."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.metrics.export import Histogram, MetricExportResult, MetricsData, ResourceMetrics
from opentelemetry.sdk.metrics.export import ScopeMetrics as Scoped
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from reduse.distro.base.clock import MILLISECOND, SECOND, Reading
from reduse.distro.export.exporter import ReduseMetricExporter
from reduse.distro.lifecycle.telemetry import Telemetry
from tests.distro.doubles import SERIES, Agent, Clock, Request, http_of, names, no_sdk_data, settings

USER = "user.hash"
HOUR = 3600 * SECOND
OUTCOME = st.sampled_from(["ok", "away", "lost"])
TRAFFIC = st.lists(st.sampled_from(["a", "b", "c", "d", "e", None]), max_size=12)


def serve(telemetry: Telemetry, user: str | None) -> None:
    http_of(telemetry).aggregation.end(Request(), SERIES, 0.25, user)


def red_of(agent: Agent) -> int:
    """Requests that the newest export of RED had counted."""
    found = [metric for export in agent.exports for metric in export if metric.name == "http.server.request.duration"]
    assert isinstance(found[-1].data, Histogram)
    return sum(point.count for point in found[-1].data.data_points)


@given(
    rounds=st.lists(st.tuples(TRAFFIC, st.lists(OUTCOME, max_size=3)), max_size=25),
    points_per_request=st.integers(1, 5),
)
def test_every_user_gets_exactly_what_he_sent_under_any_pattern_of_failures(
    rounds: list[tuple[list[str | None], list[str]]], points_per_request: int
) -> None:
    agent = Agent()
    telemetry = Telemetry(settings(), Clock())
    exporter = ReduseMetricExporter(lambda: agent, telemetry, USER, points_per_request)
    http_of(telemetry).open()
    sent: Counter[str] = Counter()
    for traffic, outcomes in rounds:
        for user in traffic:
            serve(telemetry, user)
            sent[user or "-"] += 1
        agent.script = outcomes
        exporter.export(no_sdk_data())
    agent.script = []
    assert exporter.export(no_sdk_data()) is MetricExportResult.SUCCESS
    assert +agent.user_counts() == +sent
    assert red_of(agent) == sent.total()
    assert len(telemetry.backlog) == 0
    _repeats_are_identical_and_time_is_whole(agent)


@given(rounds=st.lists(st.tuples(TRAFFIC, st.lists(OUTCOME, max_size=2)), max_size=25))
def test_the_total_is_exact_within_the_tightest_bound(rounds: list[tuple[list[str | None], list[str]]]) -> None:
    """Two users at most: the others go to overflow, when they come and when held deltas are merged."""
    agent = Agent()
    telemetry = Telemetry(settings(user_limit=2), Clock())
    exporter = ReduseMetricExporter(lambda: agent, telemetry, USER)
    http_of(telemetry).open()
    sent = 0
    for traffic, outcomes in rounds:
        for user in traffic:
            serve(telemetry, user)
        sent += len(traffic)
        agent.script = outcomes
        exporter.export(no_sdk_data())
        assert len(telemetry.backlog) <= 301
    agent.script = []
    exporter.export(no_sdk_data())
    assert agent.user_counts().total() == sent
    assert telemetry.backlog.requests == 0
    _repeats_are_identical_and_time_is_whole(agent)


def _repeats_are_identical_and_time_is_whole(agent: Agent) -> None:
    points = agent.user_points()
    assert len({(who, start, end) for who, start, end, _, _ in points}) == len(set(points))
    beats = sorted({(start, end) for who, start, end, _, _ in points if who == "-"})
    assert all(before[1] == after[0] for before, after in pairwise(beats))


STEPS = st.sampled_from([0, 0, 0, -HOUR, HOUR, 240 * SECOND, -240 * SECOND, -600 * SECOND, SECOND // 2])


@given(st.lists(st.tuples(TRAFFIC, STEPS, st.lists(OUTCOME, max_size=2)), max_size=25), st.sampled_from([2, 1000]))
def test_whatever_is_done_to_the_clock_totals_are_exact_and_intervals_leave_no_gap(
    rounds: list[tuple[list[str | None], int, list[str]]], user_limit: int
) -> None:
    """Exports a minute apart, so that steps stand and are believed: also back to times that were before."""
    agent, clock = Agent(), SetClock()
    telemetry = Telemetry(settings(user_limit=user_limit), clock)
    exporter = ReduseMetricExporter(lambda: agent, telemetry, USER)
    http_of(telemetry).open()
    sent = 0
    for traffic, step, outcomes in rounds:
        for user in traffic:
            serve(telemetry, user)
        sent += len(traffic)
        clock.wall += step
        agent.script = outcomes
        exporter.export(no_sdk_data())
    agent.script = []
    exporter.export(no_sdk_data())
    assert agent.user_counts().total() == sent
    assert sent == 0 or red_of(agent) == sent
    beats = list(dict.fromkeys((start, end) for who, start, end, _, _ in agent.user_points() if who == "-"))
    assert all(end - start >= MILLISECOND for start, end in beats)
    for before, after in pairwise(beats):
        assert after[0] == before[1] or after[1] < before[1], "the next, or back on another time line"


class SetClock:
    """Time that moves a minute at each look, to the nanosecond never the same, beside a wall clock that is set."""

    def __init__(self) -> None:
        self.looks = 0
        self.wall = 1_795_910_400 * SECOND
        self.steady = 1000 * SECOND

    def read(self) -> Reading:
        self.looks += 1
        self.wall += 60 * SECOND + self.looks
        self.steady += 60 * SECOND + self.looks
        return Reading(self.wall, self.steady)

    def age(self) -> int:
        return 0


def test_an_idle_process_exports_nothing() -> None:
    agent = Agent()
    telemetry = Telemetry(settings(), Clock())
    exporter = ReduseMetricExporter(lambda: agent, telemetry, USER)
    assert exporter.export(_data_of("opentelemetry.instrumentation.system_metrics")) is MetricExportResult.SUCCESS
    assert agent.exports == []


def test_a_process_that_only_queries_a_database_is_an_instance_without_a_heartbeat() -> None:
    agent = Agent()
    telemetry = Telemetry(settings(), Clock())
    exporter = ReduseMetricExporter(lambda: agent, telemetry, USER)
    exporter.export(_data_of("opentelemetry.instrumentation.psycopg2"))
    assert telemetry.active
    assert [names(export) for export in agent.exports] == [[]]


def test_the_heartbeat_is_in_every_export() -> None:
    agent = Agent()
    telemetry = Telemetry(settings(), Clock())
    exporter = ReduseMetricExporter(lambda: agent, telemetry, USER)
    http_of(telemetry).open()
    for _ in range(3):
        exporter.export(no_sdk_data())
    assert [(who, count) for who, _, _, count, _ in agent.user_points()] == [("-", 0)] * 3


def test_a_forked_child_takes_a_connection_of_its_own() -> None:
    agents: list[Agent] = []

    def make() -> Agent:
        agents.append(Agent())
        return agents[-1]

    telemetry = Telemetry(settings(), Clock())
    exporter = ReduseMetricExporter(make, telemetry, USER)
    telemetry.on_fork(exporter.after_fork)
    http_of(telemetry).open()
    serve(telemetry, "a")
    telemetry._after_fork()
    http_of(telemetry).open()
    serve(telemetry, "b")
    exporter.export(no_sdk_data())
    assert [bool(agent.exports) for agent in agents] == [False, True]
    assert red_of(agents[1]) == 1


def _data_of(scope: str) -> MetricsData:
    resource = Resource({"service.name": "test"})
    return MetricsData([ResourceMetrics(resource, [Scoped(InstrumentationScope(scope), [], "")], "")])
