"""Whoever invents users moves neither memory nor RED, and every one of their requests is counted."""

import asyncio
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from reduse.distro.base.semantic_conventions import KNOWN_METHODS
from reduse.distro.base.settings_table import DEFAULT_USER_LIMIT
from reduse.distro.sources.http.aggregation import HttpAggregation, HttpState
from reduse.distro.sources.http.asgi import Message, Receive, Scope, Send
from reduse.distro.sources.http.request_meter import RequestMeter
from reduse.distro.sources.users.identity import Identify, identification
from reduse.wire import user_hash
from tests.distro.doubles import KEY, SERIES, Request, settings
from tests.distro.pipelining import ask
from tests.distro.service import Service
from tests.otlp_receiver import OtlpReceiver

BYTES_PER_USER = 300
MEGABYTE = 1_000_000
# Of whom 1,000 or 50,000 may be kept between two exports.
INVENTED = pytest.mark.parametrize("invented", [200_000, pytest.param(1_000_000, marks=pytest.mark.extended)])
# Of pseudonyms, for ids as short as these.
LARGEST_CACHE = 6 * MEGABYTE


def identify() -> Identify:
    return identification(settings(user_resolvers=("header:x-user",))).user


def request_of(user: int) -> Scope:
    headers = [(b"host", b"localhost"), (b"x-user", b"user-%d" % user)]
    return {"type": "http", "method": "GET", "path": "/plain", "scheme": "http", "http_version": "1.1"} | {
        "headers": headers
    }


def collected(http: HttpAggregation, now: int) -> HttpState:
    state = http.collect(now - 1, now)
    assert state is not None
    return state


def red(state: HttpState) -> int:
    return sum(sum(series.bucket_counts) for series in state.durations)


@pytest.mark.slow
def test_a_user_held_between_exports_takes_less_than_300_bytes() -> None:
    """The pseudonym, the count and the seconds, with the dictionaries' spare room."""
    http = HttpAggregation(DEFAULT_USER_LIMIT)
    http.open()
    tracemalloc.start()
    try:
        for user in range(DEFAULT_USER_LIMIT):
            http.end(Request(), SERIES, 0.01 * user, user_hash(KEY, f"user-{user}"))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert collected(http, 2).users.loads == DEFAULT_USER_LIMIT
    assert held / DEFAULT_USER_LIMIT < BYTES_PER_USER


@pytest.mark.slow
def test_beyond_the_limit_no_user_takes_memory() -> None:
    """Fifty times as many users as are kept: the peak is that of the caches, far from what all would take."""
    limit = 1_000
    http = HttpAggregation(limit)
    http.open()
    pseudonyms = identify()
    tracemalloc.start()
    try:
        for user in range(50 * limit):
            http.end(Request(), SERIES, 0.01 * user, pseudonyms(request_of(user), 200, "/plain", False))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    users = collected(http, 2).users
    assert (users.loads, users.overflow.requests) == (limit, 49 * limit)
    assert peak < BYTES_PER_USER * limit + LARGEST_CACHE


@pytest.mark.server
@INVENTED
def test_invented_users_are_counted_exactly_in_bounded_memory(invented: int) -> None:
    """Through the meter, with exports between them: the process grows by less than 32 MB, RED has one series."""
    http = HttpAggregation(DEFAULT_USER_LIMIT)
    meter = RequestMeter(http, identify(), KNOWN_METHODS, opened=http.open, flush=lambda: None)
    process = psutil.Process()

    async def answers(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(_message: Message) -> None:
        pass

    async def ask_for(users: range) -> None:
        for user in users:
            await meter.measure(answers, request_of(user), receive, send)

    counted = now = most_users = 0
    before = process.memory_info().rss
    first = [40_000, 60_000, (invented - 100_000) // 3]
    for size in (*first, invented - sum(first)):
        asyncio.run(ask_for(range(counted, counted + size)))
        now += 2
        state = collected(http, now)
        counted += size
        most_users = max(most_users, state.users.loads)
        assert state.users.requests == size
        assert red(state) == counted
        assert len(state.durations) == 1
    assert counted == invented
    assert most_users == DEFAULT_USER_LIMIT
    assert process.memory_info().rss - before < 32 * MEGABYTE


class MinimalService(Service):
    application = "tests.distro.minimal_app:app"


@pytest.mark.server
@pytest.mark.timeout(900)
@INVENTED
def test_invented_users_of_a_real_service_are_counted_exactly_in_bounded_memory(invented: int) -> None:
    """Every request counted once at the receiver, the users of an export bounded, the worker's memory too.

    A limit of 1,000 users, so that each export has more of them than may be kept.
    """
    limit = 1_000
    warm_up = range(100_000)
    with (
        OtlpReceiver() as receiver,
        MinimalService(receiver.endpoint, OTEL_METRIC_EXPORT_INTERVAL="1000", REDUSE_USER_LIMIT=str(limit)) as service,
        ThreadPoolExecutor(2) as pool,
    ):
        worker = psutil.Process(service.pid)
        list(pool.map(lambda part: ask(service.port, part), (warm_up[::2], warm_up[1::2])))
        before = worker.memory_info().rss
        rest = range(len(warm_up), invented)
        list(pool.map(lambda part: ask(service.port, part), (rest[::2], rest[1::2])))
        growth = worker.memory_info().rss - before
        service.terminate()
    assert growth < 16 * MEGABYTE
    assert receiver.total("http.server.request.duration") == invented
    assert len(receiver.latest("http.server.request.duration")) == 1
    counts = receiver.user_counts()
    assert counts.total() == invented
    assert counts["+"] > 0
    assert counts["-"] == 0
    points = receiver.named("reduse.user.request.duration")
    by_export = [sum(point.time == export for point in points) for export in {point.time for point in points}]
    assert max(by_export) == limit + 2, "the users kept, the overflow and the heartbeat"
