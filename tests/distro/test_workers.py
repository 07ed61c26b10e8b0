"""Workers of uvicorn and gunicorn: ended, recycled, killed. What a real receiver gets, to the request."""

import os
import signal
from collections import Counter
from collections.abc import Iterator

import pytest

from reduse.wire import user_hash
from tests.distro.servers import ONLY_AT_THE_END, Server, by_size, gunicorn, uvicorn
from tests.distro.service import KEY
from tests.otlp_receiver import GRPC, HTTP, OtlpReceiver
from tests.waiting import wait_until

pytestmark = pytest.mark.server

DURATION = "http.server.request.duration"
USERS = [f"user-{number}" for number in range(10)]
HASHES = {user_hash(KEY.encode(), user) for user in USERS}


@pytest.fixture
def receiver(request: pytest.FixtureRequest) -> Iterator[OtlpReceiver]:
    with OtlpReceiver(protocol=getattr(request, "param", HTTP)) as started:
        yield started


def by_instance(receiver: OtlpReceiver) -> dict[str, float]:
    totals: Counter[str] = Counter()
    for point in receiver.latest(DURATION):
        totals[point.instance] += int(point.value)
    return {instance: float(totals[instance]) for instance in {point.instance for point in receiver.points}}


@pytest.mark.parametrize(
    ("command", "receiver"),
    [
        pytest.param(uvicorn("--workers=2"), HTTP, id="uvicorn"),
        pytest.param(uvicorn("--workers=2", "--lifespan=off"), HTTP, id="uvicorn-without-lifespan"),
        pytest.param(gunicorn("--workers=2"), HTTP, id="gunicorn"),
        pytest.param(gunicorn("--workers=2", "--preload"), HTTP, id="gunicorn-preload"),
        pytest.param(gunicorn("--workers=2", "--preload"), GRPC, id="gunicorn-preload-grpc"),
    ],
    indirect=["receiver"],
)
def test_sigterm_to_the_supervisor_loses_nothing_and_each_worker_is_an_instance(
    receiver: OtlpReceiver, command: list[str]
) -> None:
    protocol = {"OTEL_EXPORTER_OTLP_PROTOCOL": receiver.protocol}
    with Server(receiver.endpoint, command, **ONLY_AT_THE_END, **protocol) as server:
        answered = server.ask_until(workers=2) + server.ask(400, users=USERS)
        server.signal(signal.SIGTERM)
    assert len(answered) == 2
    counted = by_instance(receiver)
    assert sorted(counted.values()) == by_size(answered.values())
    users = receiver.user_counts()
    assert users.total() == answered.total()
    assert {user: count for user, count in users.items() if user != "-"} == dict.fromkeys(HASHES, 40)
    assert receiver.total("http.server.active_requests") == 0


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(uvicorn("--workers=2", "--limit-max-requests=60"), id="uvicorn"),
        pytest.param(gunicorn("--workers=2", "--max-requests=60"), id="gunicorn"),
    ],
)
def test_workers_that_are_recycled_lose_nothing(receiver: OtlpReceiver, command: list[str]) -> None:
    """Every worker ends after some requests and another takes its place: each counted what it answered."""
    with Server(receiver.endpoint, command, **ONLY_AT_THE_END) as server:
        answered = server.ask_until(workers=2)
        while len(answered) < 4:
            answered += server.ask(40, users=USERS)
        server.signal(signal.SIGTERM)
    assert by_size(by_instance(receiver).values()) == by_size(answered.values())
    assert receiver.user_counts().total() == answered.total()


@pytest.mark.parametrize("given", ["pod", ""])
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(uvicorn("--workers=2"), id="uvicorn"),
        pytest.param(gunicorn("--workers=2"), id="gunicorn"),
        pytest.param(gunicorn("--workers=2", "--preload"), id="gunicorn-preload"),
    ],
)
def test_workers_are_told_apart_though_the_deployment_gives_them_one_id_or_none(
    receiver: OtlpReceiver, command: list[str], given: str
) -> None:
    identity = {"OTEL_RESOURCE_ATTRIBUTES": f"service.instance.id={given}"}
    with Server(receiver.endpoint, command, **ONLY_AT_THE_END, **identity) as server:
        answered = server.ask_until(workers=2)
        server.signal(signal.SIGTERM)
    assert sorted(by_instance(receiver).values()) == by_size(answered.values())
    assert "" not in by_instance(receiver)


def test_a_killed_worker_loses_its_last_interval_and_nothing_else(receiver: OtlpReceiver) -> None:
    """What was delivered before it was killed stays, and the other worker and the replacement count on."""
    with Server(receiver.endpoint, uvicorn("--workers=2")) as server:
        before = server.ask_until(workers=2) + server.ask(200, users=USERS)
        receiver.wait_for(lambda r: r.total(DURATION) == before.total())
        receiver.wait_for(lambda r: r.user_counts().total() == before.total())
        receiver.stop()
        # Nothing that is counted now can be delivered before the kill.
        away = server.ask_until(workers=2) + server.ask(200, users=USERS)
        killed, other = before.keys()
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: killed not in server.children(), "the end of the killed worker")
        receiver.start()
        after = server.ask(100, users=USERS)
        while not after.keys() - {other}:
            after += server.ask(20, users=USERS)
        server.signal(signal.SIGTERM)
    (replacement,) = after.keys() - {other}
    expected = {
        killed: before[killed],
        other: before[other] + away[other] + after[other],
        replacement: after[replacement],
    }
    assert by_size(by_instance(receiver).values()) == by_size(expected.values())
    assert receiver.user_counts().total() == sum(expected.values())
