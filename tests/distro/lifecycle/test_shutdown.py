"""The end of a single process: what was counted last arrives, once, in bounded time."""

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from reduse.distro.sources.http.uvicorn_server import ServerLife, flush_in_thread
from tests.distro.servers import ONLY_AT_THE_END, Server, uvicorn
from tests.otlp_receiver import GRPC, OtlpReceiver

server = pytest.mark.server
DURATION = "http.server.request.duration"


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as started:
        yield started


@server
@pytest.mark.parametrize(
    ("command", "number"),
    [
        pytest.param(uvicorn(), signal.SIGTERM, id="SIGTERM"),
        pytest.param(uvicorn(), signal.SIGINT, id="SIGINT"),
        pytest.param(uvicorn("--lifespan=off"), signal.SIGTERM, id="lifespan-off-SIGTERM"),
        pytest.param(uvicorn("--lifespan=off"), signal.SIGINT, id="lifespan-off-SIGINT"),
        pytest.param(uvicorn(app="without_lifespan"), signal.SIGTERM, id="without-lifespan-SIGTERM"),
    ],
)
def test_a_signal_loses_nothing(receiver: OtlpReceiver, command: list[str], number: signal.Signals) -> None:
    """Requests under way when the signal comes are answered, and what is answered is counted."""
    with Server(receiver.endpoint, command, **ONLY_AT_THE_END) as running:
        answered = running.ask(200)
        with ThreadPoolExecutor(1) as pool:
            under_way = pool.submit(running.ask, 6, "/slow")
            time.sleep(0.3)
            running.signal(number)
            answered += under_way.result()
    assert receiver.total(DURATION) == answered.total() >= 200
    assert receiver.user_counts().total() == answered.total()
    assert receiver.total("http.server.active_requests") == 0
    assert len({point.instance for point in receiver.points}) == 1
    if number == signal.SIGTERM:
        # SIGINT goes on to the end of the interpreter, where the SDK collects once more.
        assert len({point.time for point in receiver.named("reduse.user.request.duration")}) == 1


@server
def test_a_signal_loses_nothing_over_grpc_either() -> None:
    with OtlpReceiver(protocol=GRPC) as receiver:
        with Server(receiver.endpoint, uvicorn(), OTEL_EXPORTER_OTLP_PROTOCOL=GRPC, **ONLY_AT_THE_END) as running:
            answered = running.ask(200)
            running.signal(signal.SIGTERM)
        assert receiver.total(DURATION) == receiver.user_counts().total() == answered.total() == 200


@server
def test_a_server_that_ends_by_itself_loses_nothing(receiver: OtlpReceiver) -> None:
    with Server(receiver.endpoint, uvicorn("--limit-max-requests=50"), **ONLY_AT_THE_END) as running:
        answered = running.ask(80)
        running.ends()
    assert running.status == 0
    assert receiver.total(DURATION) == receiver.user_counts().total() == answered.total() >= 50


@server
def test_the_end_takes_bounded_time_when_the_agent_is_away_and_says_what_is_lost() -> None:
    with Server("http://127.0.0.1:1", uvicorn("--lifespan=off")) as running:
        answered = running.ask(5)
        started = time.monotonic()
        output = running.signal(signal.SIGTERM)
        assert time.monotonic() - started < 15
    assert output.count(f"{answered.total()} requests were counted but not delivered") == 1


class FakeServer:
    """Has uvicorn's two methods; `lifespan` is what its application does at the end."""

    def __init__(self, lifespan: Callable[[], None], events: list[str]) -> None:
        self._lifespan = lifespan
        self._events = events

    async def startup(self) -> None:
        self._events.append("startup")

    async def shutdown(self) -> None:
        self._events.append("shutdown")
        self._lifespan()


@pytest.fixture
def followed() -> tuple[ServerLife, list[str], type[FakeServer]]:
    class Followed(FakeServer):
        pass

    events: list[str] = []
    life = ServerLife(lambda: events.append("starts"), lambda: events.append("flush"))
    life.follow_class(Followed)
    return life, events, Followed


def test_a_server_tells_when_it_starts_and_flushes_once_when_all_has_ended(
    followed: tuple[ServerLife, list[str], type[FakeServer]],
) -> None:
    life, events, server_class = followed
    running = server_class(life.flush_after_lifespan, events)
    asyncio.run(running.startup())
    assert events == ["starts", "startup"]
    asyncio.run(running.shutdown())
    assert events == ["starts", "startup", "shutdown", "flush"]


def test_an_error_at_the_end_does_not_keep_it_from_flushing(
    followed: tuple[ServerLife, list[str], type[FakeServer]],
) -> None:
    life, events, server_class = followed

    def fails() -> None:
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError):
        asyncio.run(server_class(fails, events).shutdown())
    assert events == ["shutdown", "flush"]
    # Under another server nothing follows the lifespan.
    life.flush_after_lifespan()
    assert events == ["shutdown", "flush", "flush"]


def test_the_flush_does_not_run_in_the_event_loop() -> None:
    threads: list[threading.Thread] = []

    async def flush() -> None:
        await flush_in_thread(lambda: threads.append(threading.current_thread()))

    asyncio.run(flush())
    assert threads != [threading.main_thread()]
