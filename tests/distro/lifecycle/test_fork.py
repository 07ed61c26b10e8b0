"""A forked child reports what it did itself, once, and nothing of its parent's."""

from collections import Counter
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from reduse.distro.base.internals.sdk import forget_parents_sums
from tests.distro.backends import running_backends
from tests.distro.servers import ONLY_AT_THE_END
from tests.distro.service import SCRIPTS, environment, instrumented
from tests.otlp_receiver import OtlpReceiver
from tests.waiting import PATIENCE_SECONDS


@pytest.fixture(scope="module")
def received() -> Iterator[OtlpReceiver]:
    """What arrives from a parent and two forked children, none of which lives to its first interval's end."""
    with running_backends() as backends, OtlpReceiver() as receiver:
        variables = environment(receiver.endpoint, **ONLY_AT_THE_END, **backends)
        process = instrumented([str(SCRIPTS / "python"), "-m", "tests.distro.forked_work"], variables)
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, output
        yield receiver


@pytest.mark.server
@pytest.mark.parametrize(
    ("metric", "attributes"),
    [
        ("http.server.request.duration", {"http.route": "/plain"}),
        ("messaging.client.sent.messages", {"messaging.destination.name": "orders"}),
        ("db.client.operation.duration", {"db.operation.name": "SELECT"}),
        # By an instrument of the SDK, whose sums a child would inherit.
        ("work", {}),
    ],
)
def test_parent_and_children_report_what_each_did(
    received: OtlpReceiver, metric: str, attributes: dict[str, str]
) -> None:
    counts: Counter[str] = Counter()
    for point in received.latest(metric):
        if attributes.items() <= point.attributes.items():
            counts[point.instance] += int(point.value)
    assert sorted(counts.values()) == [3, 4, 4]


@pytest.mark.server
def test_users_of_parent_and_children_add_up(received: OtlpReceiver) -> None:
    assert received.user_counts().total() == 4 + 3 + 4
    assert len({point.instance for point in received.points}) == 3


def test_the_sdks_instruments_start_from_nothing_though_a_lock_was_held_at_the_fork() -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    counter = provider.get_meter("test").create_counter("requests")
    counter.add(5)
    with provider._measurement_consumer._lock:
        forget_parents_sums(provider)
    assert reader.get_metrics_data() is None
    counter.add(2)
    data = reader.get_metrics_data()
    assert data is not None
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    assert [getattr(point, "value", None) for point in metric.data.data_points] == [2]
    provider.shutdown()
