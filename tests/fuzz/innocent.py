"""Who must not notice anything: a service that exports each second, and markers in the same calls as odd metrics."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Self

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)

from tests.collector.pipeline import Labels, Pipeline
from tests.fuzz.ways import Answer, Send

MILLISECOND = 1_000_000
SERVICE = "innocent"
BOUNDS = (0.1, 1.0)

Samples = dict[int, float]
"""Values by their time, ms."""


def _resource(service: str, metrics: list[Metric]) -> ResourceMetrics:
    made = ResourceMetrics(scope_metrics=[ScopeMetrics(metrics=metrics)])
    for key, value in (
        ("service.name", service),
        ("service.instance.id", f"{service}-1"),
        ("telemetry.sdk.name", "opentelemetry"),
    ):
        made.resource.attributes.add(key=key).value.string_value = value
    return made


class Innocent:
    """Exports a counter and a histogram each second until the block ends, as an SDK does: again until it is taken."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start = time.time_ns() // MILLISECOND * MILLISECOND
        self._requests = 0
        self._chance = random.Random()  # noqa: S311 - whatever it counts
        self._counts = [0] * (len(BOUNDS) + 1)
        # By what is in the store: the first is the zero at the start.
        zero = {self._start // MILLISECOND: 0.0}
        self._sent: dict[str, Samples] = {series: dict(zero) for series in ("requests", "0.1", "1.0", "+Inf", "sum")}
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.refused: Counter[str] = Counter()
        """Answers other than OK, after which it sent the same again."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Return when the last export is taken."""
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(1.0):
            body, values, at = self._export()
            while not (answer := self._send(body)).taken:
                self.refused[f"{answer.code} {answer.detail}"] += 1
                if self._ending.wait(0.2):
                    return
            for series, value in values.items():
                self._sent[series][at] = value

    def _export(self) -> tuple[bytes, dict[str, float], int]:
        self._requests += self._chance.randint(1, 9)
        self._counts[self._chance.randrange(len(self._counts))] += self._chance.randint(1, 9)
        total = sum(self._counts)
        at = time.time_ns() // MILLISECOND
        when: dict[str, Any] = {"start_time_unix_nano": self._start, "time_unix_nano": at * MILLISECOND}
        counter = Sum(
            is_monotonic=True,
            aggregation_temporality=AGGREGATION_TEMPORALITY_CUMULATIVE,
            data_points=[NumberDataPoint(**when, as_int=self._requests)],
        )
        durations = Histogram(
            aggregation_temporality=AGGREGATION_TEMPORALITY_CUMULATIVE,
            data_points=[
                HistogramDataPoint(
                    **when, count=total, sum=total / 4, explicit_bounds=BOUNDS, bucket_counts=self._counts
                )
            ],
        )
        metrics = [Metric(name="requests", sum=counter), Metric(name="duration", unit="s", histogram=durations)]
        body = ExportMetricsServiceRequest(resource_metrics=[_resource(SERVICE, metrics)]).SerializeToString()
        values = {
            "requests": float(self._requests),
            "0.1": float(self._counts[0]),
            "1.0": float(self._counts[0] + self._counts[1]),
            "+Inf": float(total),
            "sum": total / 4,
        }
        return body, values, at

    def wrong(self, pipeline: Pipeline) -> str:
        """What the store does not have as it was sent, or has beyond it; empty when all is exact."""
        found = {
            "requests": _only(pipeline.samples(f'requests_total{{job="{SERVICE}"}}')),
            "sum": _only(pipeline.samples(f'duration_seconds_sum{{job="{SERVICE}"}}')),
            "count": _only(pipeline.samples(f'duration_seconds_count{{job="{SERVICE}"}}')),
        }
        for series, samples in pipeline.samples(f'duration_seconds_bucket{{job="{SERVICE}"}}').items():
            bound = dict(series)["le"]
            found["1.0" if bound == "1" else bound] = samples
        sent = self._sent | {"count": self._sent["+Inf"]}
        return "; ".join(
            f"{series}: {_differences(sent[series], found.get(series, {}))}"
            for series in sent
            if sent[series] != found.get(series, {})
        )

    @property
    def exports(self) -> int:
        return len(self._sent["requests"]) - 1


def _only(series: dict[Labels, Samples]) -> Samples:
    """The samples where there is one series of that name, as there has to be."""
    return next(iter(series.values())) if len(series) == 1 else {}


def _differences(sent: Samples, stored: Samples) -> str:
    missing = [at for at in sent if stored.get(at) != sent[at]]
    beyond = [at for at in stored if at not in sent]
    return (
        f"{len(sent)} sent, {len(stored)} stored, {len(missing)} missing or other {missing[:3]}, "
        f"{len(beyond)} not sent {beyond[:3]}"
    )


def age(pipeline: Pipeline) -> float:
    """Seconds since the newest export of the innocent that is stored; infinite without one."""
    newest = [at for samples in pipeline.samples(f'requests_total{{job="{SERVICE}"}}', 1200).values() for at in samples]
    return time.time() - max(newest) / 1000 if newest else float("inf")


class Markers:
    """A gauge of a service of its own, put into the same calls as odd metrics; each has a time of its own."""

    SERVICE = "marker"

    def __init__(self) -> None:
        self._at = 0
        self._sent: Samples = {}

    def put(self, request: ExportMetricsServiceRequest, *, before: bool) -> Callable[[Answer], None]:
        """Add one to a call; what is returned is to be told the answer."""
        self._at = at = max(self._at + 1, time.time_ns() // MILLISECOND)
        point = NumberDataPoint(time_unix_nano=at * MILLISECOND, as_int=len(self._sent))
        made = _resource(self.SERVICE, [Metric(name="marker", gauge=Gauge(data_points=[point]))])
        if before:
            kept = list(request.resource_metrics)
            del request.resource_metrics[:]
            request.resource_metrics.extend([made, *kept])
        else:
            request.resource_metrics.append(made)

        def told(answer: Answer) -> None:
            if answer.taken:
                self._sent[at] = float(point.as_int)

        return told

    def wrong(self, pipeline: Pipeline) -> str:
        """Which are not in the store; empty when all are."""
        stored = _only(pipeline.samples(f'marker{{job="{self.SERVICE}"}}'))
        return "" if self._sent.items() <= stored.items() else _differences(self._sent, stored)

    @property
    def count(self) -> int:
        return len(self._sent)
