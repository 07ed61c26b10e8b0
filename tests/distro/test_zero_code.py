"""Environment variables alone: uvicorn under `opentelemetry-instrument`, and what a real receiver then gets."""

import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from reduse.distro.base.semantic_conventions import DURATION_BOUNDS
from reduse.wire import user_hash
from tests.distro.service import KEY, SCRIPTS, Service, environment, instrumented
from tests.otlp_receiver import GRPC, HTTP, OtlpReceiver
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.server

DURATION = "http.server.request.duration"
USERS = [f"user-{number}" for number in range(20)]


def hashed(user: str) -> str:
    return user_hash(KEY.encode(), user)


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as started:
        yield started


def test_concurrent_requests_are_counted_exactly_and_sigterm_loses_none(receiver: OtlpReceiver) -> None:
    """An interval of a minute: everything that arrives was sent because the service was ending."""
    with Service(receiver.endpoint, OTEL_METRIC_EXPORT_INTERVAL="60000") as service:
        service.get("/plain", 25, USERS)
        service.get("/api/v1/items/3", 10, USERS)
        service.get("/plain", 30)
    assert receiver.total(DURATION) == 20 * 35 + 30
    assert receiver.user_counts() == Counter({hashed(user): 35 for user in USERS} | {"-": 30})
    assert receiver.total("http.server.active_requests") == 0


def test_any_interval_agrees_between_red_and_users(receiver: OtlpReceiver) -> None:
    """Export by export, what RED gained is what the users add up to, and the intervals are contiguous."""
    with Service(receiver.endpoint) as service:
        for _ in range(5):
            service.get("/plain", 5, USERS)
            time.sleep(0.15)
    red_before, end_before = 0.0, None
    user_points = receiver.named("reduse.user.request.duration")
    ends = sorted({point.time for point in user_points})
    for end in ends:
        users = [point for point in user_points if point.time == end]
        red = sum(point.value for point in receiver.named(DURATION) if point.time == end)
        assert red - red_before == sum(point.value for point in users)
        (start,) = {point.start for point in users}
        assert end_before in (None, start)
        assert [point.attributes for point in users].count({}) == 1, "the heartbeat is in every export"
        red_before, end_before = red, end
    assert len(ends) > 2
    assert red_before == 500


def test_names_units_and_attributes_are_those_of_the_semantic_conventions(receiver: OtlpReceiver) -> None:
    with Service(receiver.endpoint) as service:
        for path in ("/plain", "/api/v1/items/x", "/fails", "/sub/inner/5", "/starlette/rooms/7/things/8", "/nope/1"):
            service.get(path)
        httpx.request("BREW", f"{service.url}/plain", timeout=PATIENCE_SECONDS)
        httpx.post(f"{service.url}/plain", timeout=PATIENCE_SECONDS)
        receiver.wait_for(lambda r: bool(r.named("process.cpu.time")))
    points = receiver.latest(DURATION)
    common = {"url.scheme": "http", "network.protocol.version": "1.1", "http.request.method": "GET"}
    ok = {"http.response.status_code": 200} | common
    seen = [point.attributes for point in points]
    assert {"http.route": "/plain"} | ok in seen
    assert {"http.route": "/api/v1/items/{item_id}"} | ok | {"http.response.status_code": 422} in seen
    assert {"http.route": "/sub/inner/{key}"} | ok in seen
    assert {"http.route": "/starlette/rooms/{room}/things/{key}"} | ok in seen
    assert common | {"http.response.status_code": 404} in seen
    failed = {"http.response.status_code": 500, "error.type": "RuntimeError"}
    assert {"http.route": "/fails"} | common | failed in seen
    posted = {"http.request.method": "POST", "http.response.status_code": 405}
    assert {"http.route": "/plain"} | common | posted in seen
    assert {point.unit for point in points} == {"s"}
    assert {point.bounds for point in points} == {DURATION_BOUNDS}
    names = {point.name for point in receiver.points}
    assert {"process.cpu.time", "process.cpu.utilization", "process.memory.usage"} <= names
    assert not [name for name in names if name.startswith("system.")]


def test_bounds_of_its_own_stand_among_those_of_the_convention_and_count_right(receiver: OtlpReceiver) -> None:
    """A stream of 0.2 s or more is above a bound of 0.15 s, and every request is below one of ten minutes."""
    with Service(receiver.endpoint, REDUSE_DURATION_BOUNDS="600, 0.3,0.15,0.5") as service:
        service.get("/stream", 2)
        service.get("/plain", 3)
    bounds = tuple(sorted({*DURATION_BOUNDS, 0.15, 0.3, 600.0}))
    below = {}
    for point in receiver.latest(DURATION):
        assert point.bounds == bounds
        # Bucket by bucket, each to its bound and with it, and one more beyond the last.
        assert len(point.bucket_counts) == len(bounds) + 1
        below[point.attributes["http.route"]] = {
            bound: sum(point.bucket_counts[: bounds.index(bound) + 1]) for bound in (0.15, 600.0)
        }
    assert below["/stream"] == {0.15: 0, 600.0: 2}
    assert below["/plain"][600.0] == 3


def test_authenticated_user_goes_before_the_header(receiver: OtlpReceiver) -> None:
    with Service(receiver.endpoint) as service:
        httpx.get(f"{service.url}/plain", headers={"x-login": "ann", "x-user": "user-1"}, timeout=PATIENCE_SECONDS)
        httpx.get(f"{service.url}/plain", headers={"x-user": "user-1"}, timeout=PATIENCE_SECONDS)
    assert receiver.user_counts() == {hashed("ann"): 1, hashed("user-1"): 1, "-": 0}


def test_streaming_is_timed_to_its_end_and_counted_at_once(receiver: OtlpReceiver) -> None:
    with Service(receiver.endpoint) as service:
        begun = time.monotonic()
        service.get("/stream")
        took = time.monotonic() - begun
    (point,) = receiver.latest(DURATION)
    assert point.value == 1
    assert 0.2 <= point.sum <= took


@pytest.mark.parametrize("protocol", [HTTP, GRPC])
def test_an_outage_of_the_agent_loses_and_doubles_nothing(protocol: str) -> None:
    """Away for three seconds under load, then two replies lost: the service goes on, and all arrives, in order."""
    settings = {"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT": "1", "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
    with OtlpReceiver(protocol=protocol) as receiver, Service(receiver.endpoint, **settings) as service:
        service.get("/plain", 5, USERS)
        receiver.wait_for(lambda r: r.total(DURATION) == 100)
        receiver.stop()
        slowest = 0.0
        deadline = time.monotonic() + 3
        rounds = 1
        while time.monotonic() < deadline:
            started = time.monotonic()
            service.get("/plain", 5, USERS)
            slowest = max(slowest, time.monotonic() - started)
            rounds += 1
        receiver.lose_replies = 2
        receiver.start()
        service.get("/plain", 5, USERS)
        rounds += 1
        receiver.wait_for(lambda r: r.total(DURATION) == rounds * 100)
        receiver.wait_for(lambda r: r.user_counts().total() == rounds * 100)
    assert receiver.user_counts() == Counter({hashed(user): rounds * 5 for user in USERS} | {"-": 0})
    assert receiver.lose_replies == 0
    assert slowest < 5, "an attempt to export must not hold the application up"
    points = receiver.named("reduse.user.request.duration")
    assert [point.time for point in points] == sorted(point.time for point in points)


def test_each_worker_is_an_instance_and_the_supervisor_is_none(receiver: OtlpReceiver) -> None:
    with Service(receiver.endpoint, "--workers=2", OTEL_RESOURCE_ATTRIBUTES="service.instance.id=pod") as service:
        service.get("/plain", 25, USERS)
        receiver.wait_for(lambda r: r.total(DURATION) == 500)
        service.get("/plain", 25, USERS)
    assert receiver.total(DURATION) == 1000
    assert receiver.user_counts() == Counter({hashed(user): 50 for user in USERS} | {"-": 0})
    instances = {point.instance for point in receiver.points}
    assert len(instances) == 2
    assert all(instance.startswith("pod-") for instance in instances)


def test_a_given_instance_id_is_kept(receiver: OtlpReceiver) -> None:
    with Service(receiver.endpoint, OTEL_RESOURCE_ATTRIBUTES="service.instance.id=pod") as service:
        service.get("/plain")
    assert {point.instance for point in receiver.points} == {"pod"}


def test_a_forked_child_reports_only_what_it_did(receiver: OtlpReceiver) -> None:
    process = instrumented([str(SCRIPTS / "python"), "-m", "tests.distro.forking"], environment(receiver.endpoint))
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, output
    by_instance: Counter[str] = Counter()
    for point in receiver.latest(DURATION):
        by_instance[point.instance] += int(point.value)
    assert sorted(by_instance.values()) == [3, 4]
    assert receiver.user_counts().total() == 7


def test_without_a_key_all_requests_are_unidentified_and_it_is_said_once(receiver: OtlpReceiver) -> None:
    variables = environment(receiver.endpoint)
    service = Service(receiver.endpoint)
    service._variables = {name: value for name, value in variables.items() if not name.startswith("REDUSE_")}
    with service:
        service.get("/plain", 3, USERS)
    assert receiver.user_counts() == {"-": 60}
    assert service.output.count("all requests count as unidentified") == 1


def test_a_service_ends_in_bounded_time_when_the_agent_is_away_and_says_what_is_lost() -> None:
    with Service("http://127.0.0.1:1") as service:
        service.get("/plain", 3)
        started = time.monotonic()
        service.terminate()
        assert time.monotonic() - started < 10
    assert "3 requests were counted but not delivered" in service.output


@pytest.mark.skipif(
    find_spec("fastapi.telemetry") is None and find_spec("opentelemetry.instrumentation.fastapi") is None,
    reason="nothing makes spans: neither this FastAPI nor the extra",
)
def test_with_a_traces_exporter_there_are_spans_and_still_one_count(receiver: OtlpReceiver) -> None:
    with Service(receiver.endpoint, OTEL_TRACES_EXPORTER="console") as service:
        service.get("/plain", 3)
    assert service.output.count('"trace_id"') >= 3
    assert receiver.total(DURATION) == 3
    assert {point.bounds for point in receiver.named(DURATION)} == {DURATION_BOUNDS}


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"REDUSE_USER_LIMIT": "many"}, "REDUSE_USER_LIMIT"),
        ({"REDUSE_USER_HASH_KEY": "short"}, "REDUSE_USER_HASH_KEY"),
        ({"REDUSE_USER_LIMITS": "5"}, "REDUSE_USER_LIMITS"),
        ({"REDUSE_DURATION_BOUNDS": "300ms"}, "REDUSE_DURATION_BOUNDS"),
        ({"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT": "soon"}, "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "carrier-pigeon"}, "OTEL_EXPORTER_OTLP_PROTOCOL"),
        ({"OTEL_METRICS_EXPORTER": "nonesuch"}, "OTEL_METRICS_EXPORTER"),
        (
            {"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_EXPORTER_PROMETHEUS_PORT": "many"},
            "OTEL_EXPORTER_PROMETHEUS_PORT",
        ),
        ({"OTEL_PYTHON_DISTRO": "redus"}, "OTEL_PYTHON_DISTRO"),
        ({"OTEL_PYTHON_CONFIGURATOR": "redus"}, "OTEL_PYTHON_CONFIGURATOR"),
    ],
)
def test_bad_configuration_ends_the_process_with_one_line(changes: dict[str, str], setting: str) -> None:
    if "PROMETHEUS" in setting:
        pytest.importorskip("opentelemetry.exporter.prometheus")
    ended = _run_to_the_end(environment("http://127.0.0.1:1", **changes))
    assert ended.returncode == 2
    (line,) = ended.stdout.splitlines()
    assert line.startswith("reduse: ")
    assert setting in line


def test_an_unreadable_key_file_ends_the_process_with_one_line(tmp_path: Path) -> None:
    variables = environment("http://127.0.0.1:1", REDUSE_USER_HASH_KEY_FILE=str(tmp_path / "none"))
    del variables["REDUSE_USER_HASH_KEY"]
    ended = _run_to_the_end(variables)
    assert ended.returncode == 2
    (line,) = ended.stdout.splitlines()
    assert "REDUSE_USER_HASH_KEY_FILE" in line


def _run_to_the_end(variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    process = instrumented([str(SCRIPTS / "python"), "-c", "print('ran')"], variables)
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    return subprocess.CompletedProcess([], process.returncode, output)
