"""What one service sends wrong costs that service only, and is counted by its name: agent, gateway and store."""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_DELTA, ResourceMetrics
from opentelemetry.sdk import metrics as sdk
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

from benchmarks.processor.export_client import ExportClient
from tests.collector import pipeline as pipelines
from tests.collector.otlp import SECOND, counter, exponential, export, gauge, histogram, resource
from tests.collector.pipeline import Pipeline
from tests.collector.stores import each_store, found
from tests.waiting import wait_until

pytestmark = pytest.mark.server

RED = "http.server.request.duration"
USERS = "reduse.user.request.duration"
MILLISECOND = 1_000_000
SERIES = 300_000
SERIES_IN_AN_EXPORT = 10_000
# collector-config/gateway.yaml, REDUSE_GATEWAY_SERIES_LIMIT.
SERIES_LIMIT = 50_000


class Bench:
    """The pipeline with a client of its agent and one of its gateway, and a service beside those under test."""

    def __init__(self, pipeline: Pipeline, agent: ExportClient, gateway: ExportClient) -> None:
        self.pipeline, self.agent, self.gateway = pipeline, agent, gateway
        self._start = self._at = time.time_ns() // MILLISECOND * MILLISECOND
        self._expected: dict[int, float] = {self._start // MILLISECOND: 0}

    def innocent(self) -> ResourceMetrics:
        """Its next export, to be sent with what others send."""
        self._at = max(self._at + MILLISECOND, time.time_ns() // MILLISECOND * MILLISECOND)
        count = len(self._expected)
        self._expected[self._at // MILLISECOND] = count
        return resource("innocent", histogram(RED, self._start, self._at, [0, count]), service_instance_id="1")

    def settled(self, service: str, points: int) -> dict[str, float]:
        """What became of so many points of a service, once they have come to their end, and nothing waits."""
        wait_until(
            lambda: sum(self.pipeline.fate(service).values()) == points and not self.pipeline.waiting(),
            f"the end of {points} points of {service}",
        )
        self.pipeline.show()
        return self.pipeline.fate(service)

    def check_innocent(self) -> None:
        [stored] = self.pipeline.samples('http_server_request_duration_seconds_count{job="innocent"}').values()
        assert stored == self._expected

    def values(self, selector: str) -> list[list[float]]:
        """Those of each series, oldest first."""
        return [[value for _, value in sorted(of.items())] for of in self.pipeline.samples(selector).values()]


@pytest.fixture(scope="module", params=each_store)
def bench(otelcol: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Bench]:
    with (
        pipelines.running(otelcol, tmp_path_factory.mktemp("pipeline"), store=found(request.param)) as pipeline,
        ExportClient(pipeline.agent.port) as agent,
        ExportClient(pipeline.gateway.port) as gateway,
    ):
        yield Bench(pipeline, agent, gateway)


def test_an_exponential_histogram_is_left_out_and_all_else_goes_on(bench: Bench) -> None:
    now = time.time_ns()
    for number in range(3):
        at = now + number * SECOND
        bench.agent.export(
            export(
                resource("exponential", exponential("own", now - SECOND, at), gauge("fine", at, [1])), bench.innocent()
            )
        )
    assert bench.settled("exponential", 6) == {"stored": 3, "native_histogram": 3}
    bench.check_innocent()


def test_a_point_as_large_as_a_call_may_be_is_counted_as_any_other(bench: Bench) -> None:
    made = gauge("g", time.time_ns(), [1])
    made.gauge.data_points[0].attributes.add(key="long").value.string_value = "x" * 4_190_000
    bench.agent.export(export(resource("large", made)))
    assert bench.settled("large", 1) == {"name": 1}


def test_another_value_of_the_same_millisecond_is_lost_alone(bench: Bench) -> None:
    at = time.time_ns() // MILLISECOND * MILLISECOND
    bench.agent.export(export(resource("twice", gauge("g", at, [1]))))
    bench.agent.export(export(bench.innocent(), resource("twice", gauge("g", at + 1, [2]), gauge("h", at, [3]))))
    assert bench.settled("twice", 3) == {"stored": 2, "repeated": 1}
    assert bench.values('g{job="twice"}') == [[1]]
    assert bench.values('h{job="twice"}') == [[3]]
    bench.check_innocent()


def test_two_scopes_that_measure_the_same_are_both_kept(bench: Bench) -> None:
    now = time.time_ns()
    both = [
        resource("client", histogram("http.client.request.duration", now - SECOND, now, [0, count]), scope=scope)
        for scope, count in (("requests", 44), ("httpx", 87))
    ]
    bench.agent.export(export(*both))
    assert bench.settled("client", 2) == {"stored": 2}
    assert sorted(bench.values('http_client_request_duration_seconds_count{job="client"}')) == [[0, 44], [0, 87]]


def test_what_an_sdk_counts_since_its_export_before_becomes_exact_totals_also_when_the_gateway_dies(
    bench: Bench,
) -> None:
    delta = AggregationTemporality.DELTA
    exporter = OTLPMetricExporter(
        endpoint=f"http://127.0.0.1:{bench.pipeline.agent.port}",
        insecure=True,
        preferred_temporality={sdk.Counter: delta, sdk.Histogram: delta},
    )
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=float("inf"))
    provider = sdk.MeterProvider([reader], Resource.create({"service.name": "delta", "service.instance.id": "1"}))
    requests = provider.get_meter("m").create_counter("requests")
    durations = provider.get_meter("m").create_histogram("durations", explicit_bucket_boundaries_advisory=[1.0])
    try:
        for number in range(1, 13):
            requests.add(number)
            durations.record(0.5)
            durations.record(2)
            # A stream cannot be 0 and something else in one millisecond.
            time.sleep(0.01)
            assert provider.force_flush()
            if number % 4 == 0:
                bench.pipeline.gateway.kill()
                bench.pipeline.gateway.start()
        bench.pipeline.gateway.wait_until_listening()
        total = sum(range(1, 13))
        query = 'max_over_time(requests_total{job="delta"}[10m])'
        wait_until(lambda: bench.pipeline.queries.scalar(query) == total, "the total of all")
    finally:
        provider.shutdown()
    [stored] = bench.values('requests_total{job="delta"}')
    assert stored == [sum(range(number + 1)) for number in range(13)]
    [small] = bench.values('durations_bucket{job="delta",le="1"}')
    [all_of_them] = bench.values('durations_count{job="delta"}')
    assert small == list(range(13))
    assert all_of_them == [2 * number for number in range(13)]


def test_what_is_counted_after_a_pause_is_the_same_increase_in_either_temporality(bench: Bench) -> None:
    """An SDK says nothing of a delta stream in which nothing was counted; errors come rarely, and in a burst."""
    begin = (time.time_ns() - 600 * SECOND) // SECOND * SECOND
    errors = {1: 40, 31: 400}
    for number in range(1, 50):
        start, at = begin + (number - 1) * 10 * SECOND, begin + number * 10 * SECOND
        alive, now = gauge("alive", at, [1]), errors.get(number, 0)
        since_then = histogram("failures", start, at, [now, 0], temporality=AGGREGATION_TEMPORALITY_DELTA)
        so_far = sum(count for when, count in errors.items() if when <= number)
        in_all = histogram("failures", begin, at, [so_far, 0])
        bench.agent.export(export(resource("pausing", alive, *([since_then] if now else []))))
        bench.agent.export(export(resource("steady", alive, in_all)))
    bench.settled("steady", 2 * 49)
    for seconds, after in itertools.product((60, 300), (12, 30, 31, 36, 48)):
        pausing, steady = (
            bench.pipeline.queries.scalar(
                f'sum(increase(failures_seconds_count{{job="{job}"}}[{seconds}s] @ {begin // SECOND + 10 * after}))'
            )
            for job in ("pausing", "steady")
        )
        assert pausing == steady is not None, (seconds, after)


def test_points_of_users_never_come_into_the_store(bench: Bench) -> None:
    now = time.time_ns()
    bench.gateway.export(export(resource("users", histogram(USERS, now - SECOND, now, [1], given={"user.hash": "u"}))))
    bench.gateway.export(
        export(
            resource(
                "users",
                histogram(
                    USERS,
                    now - SECOND,
                    now,
                    [1],
                    temporality=AGGREGATION_TEMPORALITY_DELTA,
                    given={"user.hash": "u"},
                ),
            ),
            bench.innocent(),
        )
    )
    bench.agent.export(export(resource("users", histogram(USERS, now - SECOND, now, [1], given={"user.hash": "u"}))))
    assert bench.settled("users", 2) == {"per_user": 2}
    assert bench.pipeline.samples('{__name__=~"reduse_user_request.*"}') == {}
    bench.check_innocent()


def test_a_service_without_end_of_series_is_bounded_and_named(bench: Bench) -> None:
    for first in range(0, SERIES, SERIES_IN_AN_EXPORT):
        at = time.time_ns()
        # Each export has metrics of other names, so that all of its series are new.
        endless = gauge(f"g{first}", at, [1.0] * SERIES_IN_AN_EXPORT, "id")
        bench.agent.export(export(resource("endless", endless), bench.innocent()))
    fate = bench.settled("endless", SERIES)
    assert fate["series_limit"] >= SERIES - SERIES_LIMIT
    assert fate.keys() == {"stored", "series_limit"}
    # And one of ours, of the interval between its exports.
    assert (bench.pipeline.queries.scalar('count({job="endless"})') or 0) <= SERIES_LIMIT + 1
    bench.check_innocent()


@pytest.mark.parametrize("behind", [False, True], ids=["clocks agree", "a clock is behind"])
def test_two_processes_under_one_name_are_never_one_wrong_number(bench: Bench, *, behind: bool) -> None:
    begin = time.time_ns() - 60 * SECOND
    service = f"alike-{behind}"
    for number in range(1, 20):
        for rate, start, phase in ((10, begin - 7 * SECOND, 0), (1, begin, -100 if behind else 500)):
            at = begin + number * SECOND + phase * MILLISECOND
            bench.agent.export(export(resource(service, counter("c", start, at, rate * (number + 7)))))
    fate = bench.settled(service, 38)
    assert fate.get("identity_conflict", 0) >= 30, fate


def test_two_processes_are_told_apart_by_their_host_and_number(bench: Bench) -> None:
    begin = time.time_ns() - 60 * SECOND
    for number in range(1, 20):
        for process, rate in enumerate((10, 1)):
            made = counter("c", begin, begin + number * SECOND + process, rate * number)
            bench.agent.export(export(resource("apart", made, host_name="h", process_pid=process)))
    assert bench.settled("apart", 38) == {"stored": 38}
    rates = f'sum(rate(c_total{{job="apart"}}[10s] @ {(begin + 18 * SECOND) // SECOND}))'
    assert bench.pipeline.queries.scalar(rates) == pytest.approx(11)


def test_a_clock_that_goes_back_an_hour_costs_what_was_sent_meanwhile_and_nobody_else(bench: Bench) -> None:
    start = time.time_ns() - 100 * SECOND
    hour = 3600 * SECOND
    value = 0
    for shift, exports in ((0, 10), (hour, 10), (0, 10)):
        for _ in range(exports):
            value += 1
            at = start + value * SECOND - shift
            bench.agent.export(export(resource("clock", counter("c", start, at, 5 * value)), bench.innocent()))
    assert bench.settled("clock", 30) == {"stored": 20, "clock": 10}
    [stored] = bench.values('c_total{job="clock"}')
    assert stored == [0, *[5 * value for value in (*range(1, 11), *range(21, 31))]]
    bench.check_innocent()
