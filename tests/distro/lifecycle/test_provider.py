"""The SDK's side: which exporter, which instance, which views."""

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import Histogram, Metric

from reduse.distro.lifecycle.provider import meter_provider, resource_of
from reduse.distro.lifecycle.telemetry import Telemetry
from reduse.distro.sources.database.aggregation import DURATION_BOUNDS
from tests.distro.doubles import Agent, Clock, http_of, settings

INSTANCE = "service.instance.id"


def provided(telemetry: Telemetry, agent: Agent) -> MeterProvider:
    return meter_provider(telemetry, lambda: agent, resource_of(None, []), "user.hash", tracing=False)


def test_each_process_has_an_instance_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_RESOURCE_ATTRIBUTES", raising=False)
    assert resource_of("1", []).attributes[INSTANCE]


def test_a_given_instance_id_is_kept_but_made_unique_in_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", f"{INSTANCE}=pod")
    assert resource_of(None, ["python"]).attributes[INSTANCE] == "pod"
    first, second = (str(resource_of(None, ["--multiprocessing-fork"]).attributes[INSTANCE]) for _ in range(2))
    assert first.startswith("pod-")
    assert first != second


@pytest.mark.parametrize("empty", [f"{INSTANCE}=", f"{INSTANCE}=%20,service.version=1"])
def test_an_empty_instance_id_is_none(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", empty)
    first, second = (str(resource_of(None, ["python"]).attributes[INSTANCE]) for _ in range(2))
    assert len(first) == len(second) == 36
    assert first != second


def test_database_durations_have_bounds_for_seconds_and_others_http_metrics_are_dropped() -> None:
    agent = Agent()
    telemetry = Telemetry(settings(), Clock())
    provider = provided(telemetry, agent)
    database = provider.get_meter("opentelemetry.instrumentation.pymysql")
    database.create_histogram("db.client.operation.duration", unit="s").record(0.002)
    provider.get_meter("fastapi").create_histogram("http.server.request.duration", unit="s").record(0.002)
    provider.force_flush()
    provider.shutdown()
    metrics = {metric.name: metric for export in agent.exports for metric in export}
    assert isinstance(metrics["db.client.operation.duration"], Metric)
    assert "http.server.request.duration" not in metrics
    data = metrics["db.client.operation.duration"].data
    assert isinstance(data, Histogram)
    assert data.data_points[0].explicit_bounds == DURATION_BOUNDS


def test_an_active_process_exports_even_when_no_instrument_was_used() -> None:
    """The reader does not call the exporter without SDK data: the backlog's gauge is always there."""
    agent = Agent()
    telemetry = Telemetry(settings(), Clock())
    provider = provided(telemetry, agent)
    provider.force_flush()
    assert agent.exports == []
    http_of(telemetry).open()
    provider.force_flush()
    provider.shutdown()
    assert "reduse.user.request.duration" in {metric.name for export in agent.exports for metric in export}


def test_a_process_that_ends_before_its_first_export_sends_what_it_has_without_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It becomes active when nothing can be started any more."""
    agent = Agent()
    telemetry = Telemetry(settings(), Clock())
    provider = provided(telemetry, agent)
    provider.get_meter("application").create_counter("orders").add(1)
    provider.shutdown()
    assert [metric.name for export in agent.exports for metric in export] == ["orders"]
    assert caplog.text == ""
