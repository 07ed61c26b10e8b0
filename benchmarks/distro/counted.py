"""What the subjects counted, held against what they were sent: a cheap one that does not count is none."""

import time
from collections.abc import Mapping

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import HistogramDataPoint
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.distro.application import ROUTE, USERS
from benchmarks.distro.load import Load
from benchmarks.distro.services import Services
from benchmarks.distro.sink import kept
from benchmarks.distro.subjects import INTERVAL_SECONDS, Counts, Subject
from reduse import web_client
from tests.server import Server

_DURATIONS = ("http.server.request.duration", "http.server.duration")
_BY_USER = "reduse.user.request.duration"
_EXPORTS_LATER_SECONDS = 3 * INTERVAL_SECONDS
# A busy machine exports later.
_LATEST_SECONDS = 60.0


def counted(subjects: tuple[Subject, ...], services: Services, sent: Mapping[str, int]) -> dict[str, int]:
    """The requests that each subject that counts has counted, of those that it was sent.

    Raises:
        RuntimeError: one has not counted what it was sent, or not every user.
    """
    last = {name: _one_of_each_user(services.servers[name]) for name in sent}
    time.sleep(_EXPORTS_LATER_SECONDS)
    deadline = time.monotonic() + _LATEST_SECONDS
    exported = kept(services.endpoints.grpc)

    def count_of(subject: Subject) -> int:
        return _count_of(subject, services.servers[subject.name], exported) - last[subject.name]

    def is_here(subject: Subject) -> bool:
        return subject.counts is not Counts.OTLP or count_of(subject) >= sent[subject.name]

    while not (_every_user_is_here(subjects, exported) and all(map(is_here, subjects))) and time.monotonic() < deadline:
        time.sleep(INTERVAL_SECONDS)
        exported = kept(services.endpoints.grpc)
    counts = {}
    for subject in subjects:
        if subject.counts is Counts.NOWHERE:
            continue
        count = count_of(subject)
        if count != sent[subject.name]:
            raise RuntimeError(f"{subject.title} counted {count} of {sent[subject.name]} requests")
        if subject.by_user and (users := _users_of(subject, exported)) != USERS:
            raise RuntimeError(f"{subject.title} counted {users} of {USERS} users")
        counts[subject.name] = count
    return counts


def _every_user_is_here(subjects: tuple[Subject, ...], exported: ExportMetricsServiceRequest) -> bool:
    return all(_users_of(subject, exported) >= USERS for subject in subjects if subject.by_user)


def _one_of_each_user(server: Server) -> int:
    with Load(server.port) as load:
        return load.send(USERS)


def _count_of(subject: Subject, server: Server, exported: ExportMetricsServiceRequest) -> int:
    if subject.counts is Counts.OTLP:
        return _otlp_count(_points(exported, subject.name, *_DURATIONS))
    text = web_client.ask_own(f"{server.url}/metrics", timeout=_LATEST_SECONDS).text
    return int(
        sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == subject.counts.value and ROUTE in sample.labels.values()
        )
    )


def _otlp_count(points: list[HistogramDataPoint]) -> int:
    # Cumulative, and kept in the order of arrival: the newest of each series is its count.
    newest = {str(point.attributes): point.count for point in points}
    return sum(newest.values())


def _users_of(subject: Subject, exported: ExportMetricsServiceRequest) -> int:
    points = _points(exported, subject.name, _BY_USER)
    return len({str(point.attributes) for point in points if point.attributes})


def _points(exported: ExportMetricsServiceRequest, service: str, *names: str) -> list[HistogramDataPoint]:
    return [
        point
        for resource_metrics in exported.resource_metrics
        if any(
            pair.key == "service.name" and pair.value.string_value == service
            for pair in resource_metrics.resource.attributes
        )
        for scope_metrics in resource_metrics.scope_metrics
        for metric in scope_metrics.metrics
        if metric.name in names
        for point in metric.histogram.data_points
    ]
