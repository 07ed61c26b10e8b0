"""An application with an id in an attribute fills neither its own memory nor the store: the rest is one series."""

import logging
from collections.abc import Iterator
from inspect import signature
from threading import Thread
from typing import Any

import pytest
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, Metric
from opentelemetry.sdk.metrics.view import View
from opentelemetry.sdk.resources import Resource

from reduse.distro.base.aggregation import OVERFLOW_ATTRIBUTE, SERIES_LIMIT
from reduse.distro.base.internals.sdk import forget_parents_sums
from reduse.distro.export.bounded_streams import bound_streams
from reduse.distro.lifecycle.provider import meter_provider
from reduse.distro.lifecycle.telemetry import Telemetry
from tests.distro.doubles import Agent, Clock, settings

LIMIT = 5

own_bound = pytest.mark.skipif(
    signature(View.__init__).parameters.get("aggregation_cardinality_limit") is not None,
    reason="this SDK has a bound of its own, which is not ours to set",
)


class Measured:
    """The instruments of a bounded provider, and what they came to."""

    def __init__(self) -> None:
        self.reader = InMemoryMetricReader()
        self.provider = MeterProvider([self.reader])
        bound_streams(self.provider, LIMIT)
        self.meter = self.provider.get_meter("shop")

    def points(self) -> tuple[dict[Any, Any], Any]:
        """The points by their attribute, and that of all others."""
        data = self.reader.get_metrics_data()
        assert data is not None
        (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
        points = {tuple(dict(point.attributes or {}).items()): point for point in metric.data.data_points}
        overflow = points.pop(((OVERFLOW_ATTRIBUTE, True),), None)
        return {attributes[0][1]: point for attributes, point in points.items()}, overflow


@pytest.fixture
def measured() -> Iterator[Measured]:
    measured = Measured()
    yield measured
    measured.provider.shutdown()


@own_bound
def test_a_counter_keeps_its_first_series_and_the_sum_of_all(measured: Measured) -> None:
    counter = measured.meter.create_counter("orders")
    for _ in range(2):
        for number in range(100):
            counter.add(1, {"id": number})
        points, overflow = measured.points()
    assert {number: point.value for number, point in points.items()} == dict.fromkeys(range(LIMIT), 2)
    assert overflow.value == 2 * 95


@own_bound
def test_a_histogram_keeps_the_count_and_the_sum_of_all(measured: Measured) -> None:
    histogram = measured.meter.create_histogram("sizes")
    for number in range(100):
        histogram.record(number, {"id": number})
    points, overflow = measured.points()
    assert len(points) == LIMIT
    assert overflow.count == 95
    assert overflow.sum + sum(point.sum for point in points.values()) == sum(range(100))


@own_bound
def test_an_observable_counter_adds_up_the_others_in_each_collection(measured: Measured) -> None:
    def observe(_options: CallbackOptions) -> list[Observation]:
        return [Observation(10, {"id": number}) for number in range(100)]

    measured.meter.create_observable_counter("reads", callbacks=[observe])
    for _ in range(2):
        points, overflow = measured.points()
        assert [point.value for point in points.values()] == [10] * LIMIT
        assert overflow.value == 950


def test_up_to_the_limit_nothing_is_marked(measured: Measured) -> None:
    counter = measured.meter.create_counter("orders")
    for number in [*range(LIMIT), *range(LIMIT)]:
        counter.add(1, {"id": number})
    points, overflow = measured.points()
    assert sorted(points) == list(range(LIMIT))
    assert overflow is None


def test_each_instrument_has_a_bound_of_its_own(measured: Measured) -> None:
    for name in ("a", "b"):
        counter = measured.meter.create_counter(name)
        for number in range(LIMIT):
            counter.add(1, {"id": number})
    data = measured.reader.get_metrics_data()
    assert data is not None
    assert [len(metric.data.data_points) for metric in data.resource_metrics[0].scope_metrics[0].metrics] == [5, 5]


@own_bound
def test_threads_that_overflow_at_once_lose_nothing(measured: Measured) -> None:
    counter = measured.meter.create_counter("orders")

    def work(start: int) -> None:
        for number in range(start, start + 2000):
            counter.add(1, {"id": number})

    threads = [Thread(target=work, args=(1000 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    points, overflow = measured.points()
    assert sum(point.value for point in points.values()) + overflow.value == 8000
    assert len(points) == LIMIT


def test_a_forked_child_has_the_bound_too() -> None:
    telemetry = Telemetry(settings(), Clock())
    provider = meter_provider(telemetry, Agent, Resource({"service.name": "x"}), "user.hash", tracing=False)
    counter = provider.get_meter("shop").create_counter("orders")
    telemetry._after_fork()
    for number in range(SERIES_LIMIT + 10):
        counter.add(1, {"id": number})
    assert _kept(provider) == SERIES_LIMIT + 1
    forget_parents_sums(provider)
    provider.shutdown()


def _kept(provider: MeterProvider) -> int:
    consumer: Any = provider._measurement_consumer
    (storage,) = consumer._reader_storages.values()
    ((stream,),) = storage._instrument_view_instrument_matches.values()
    return len(stream._attributes_aggregation)


@pytest.mark.slow
def test_an_overflow_is_said_once_by_name_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    agent = Agent()
    telemetry = Telemetry(settings(), Clock())
    provider = meter_provider(telemetry, lambda: agent, Resource({"service.name": "x"}), "user.hash", tracing=False)
    counter = provider.get_meter("shop").create_counter("orders")
    caplog.set_level(logging.WARNING)
    for round_ in range(3):
        for number in range(SERIES_LIMIT + 10):
            counter.add(1, {"id": number + round_})
        provider.force_flush()
    provider.shutdown()
    said = [record.getMessage() for record in caplog.records if "sets of attributes" in record.getMessage()]
    assert len(said) == 1
    assert "orders of shop has more than 2000 sets of attributes" in said[0]
    exports = [{metric.name: metric for metric in export} for export in agent.exports]
    orders = exports[-1]["orders"].data.data_points
    assert sum(getattr(point, "value", 0) for point in orders) == 3 * (SERIES_LIMIT + 10)
    assert _value(exports[-1]["reduse.distro.overflows"]) == 1


def _value(metric: Metric) -> float:
    point: Any = metric.data.data_points[-1]
    return float(point.value)
