"""A service that sets providers in code exports the same with us and without us, and we export ours."""

import time
from typing import Any

import httpx
import pytest

from tests.distro.service import Service
from tests.otlp_receiver import OtlpReceiver
from tests.otlp_traces import TraceReceiver
from tests.server import Server
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.server

DURATION = "http.server.request.duration"
ORDERS = 3


class OwnProviders(Service):
    application = "tests.distro.own_providers_app:app"


def _asked(url: str) -> dict[str, Any]:
    for _ in range(ORDERS):
        assert httpx.get(f"{url}/orders", timeout=PATIENCE_SECONDS).text == '"ordered"'
    answer: dict[str, Any] = httpx.get(f"{url}/own", timeout=PATIENCE_SECONDS).json()
    return answer


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What its own export gets without us."""
    command = ["uvicorn", OwnProviders.application, "--port={port}", "--no-access-log"]
    with Server(command, {}, tmp_path_factory.mktemp("plain") / "log") as server:
        return _asked(server.url)


def test_its_own_export_gets_the_same_and_ours_all_requests(plain: dict[str, Any]) -> None:
    with OtlpReceiver() as receiver:
        with OwnProviders(receiver.endpoint) as service:
            assert _asked(service.url) == plain
            ended = httpx.get(f"{service.url}/end", timeout=PATIENCE_SECONDS).text
            service.get("/orders", 5, ["north"])
        assert ended == '"ended"'
        assert receiver.total(DURATION) == ORDERS + 1 + 1 + 5
        assert receiver.user_counts()["-"] == ORDERS + 2
        assert receiver.named("process.cpu.time")
    assert "Overriding" not in service.output
    assert "Traceback" not in service.output
    assert plain["providers"] == ["MeterProvider", "TracerProvider"]
    assert [name for scope, name, _ in plain["metrics"] if scope == "library"] == [
        "library.calls",
        "library.left",
        "library.stock",
    ]


def test_what_it_observes_is_not_in_our_export_too() -> None:
    """From the moment on at which the application's own provider is there, which is before the first export."""
    with OtlpReceiver() as receiver:
        with OwnProviders(receiver.endpoint) as service:
            _asked(service.url)
            time.sleep(0.5)
        names = {point.name for point in receiver.points}
    assert DURATION in names
    assert not names & {"library.stock", "library.left", "orders"}


def test_without_one_of_its_own_all_instruments_are_in_our_export() -> None:
    with OtlpReceiver() as receiver:
        with OwnProviders(receiver.endpoint, TEST_OWN="0") as service:
            assert _asked(service.url)["providers"] == ["_ProxyMeterProvider", "ProxyTracerProvider"]
        assert receiver.total("library.calls") == 2 + ORDERS
        assert receiver.total("orders") == ORDERS
        assert {point.value for point in receiver.named("library.stock")} == {7}
        assert receiver.total("library.left") == 5


def test_spans_go_both_ways_where_an_exporter_is_named(plain: dict[str, Any]) -> None:
    with OtlpReceiver() as receiver, TraceReceiver() as traces:
        variables = {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": traces.endpoint}
        with OwnProviders(receiver.endpoint, OTEL_BSP_SCHEDULE_DELAY="100", **variables) as service:
            answer = _asked(service.url)
            assert answer["providers"] == plain["providers"]
            # FastAPI's own telemetry leaves requests to contrib's instrumentation, where that runs.
            own = [entry for entry in plain["metrics"] if entry[0] != "fastapi"]
            assert [entry for entry in answer["metrics"] if entry[0] != "fastapi"] == own
            assert answer["spans"].count("order") == ORDERS
        assert [span.name for span in traces.spans()].count("order") == ORDERS
        assert receiver.total(DURATION) == ORDERS + 1
