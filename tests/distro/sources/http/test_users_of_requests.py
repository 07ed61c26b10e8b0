"""Whom a request counts for when its answer is cut short, or there is none; and each counts once, whoever sent it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.distro.base.semantic_conventions import KNOWN_METHODS
from reduse.distro.sources.http.aggregation import HttpAggregation
from reduse.distro.sources.http.asgi import Message, Receive, Scope, Send
from reduse.distro.sources.http.request_meter import RequestMeter
from reduse.distro.sources.http.route import SCOPE_KEY
from reduse.distro.sources.users.delta import UserDelta
from reduse.distro.sources.users.identity import Identification
from reduse.distro.sources.users.resolvers.registry import resolvers_of
from tests.distro.sources.http.measured import http_scope, ignore, nothing

START = {"type": "http.response.start", "status": 200}
PART = {"type": "http.response.body", "body": b"x", "more_body": True}
END = {"type": "http.response.body"}
BOB = (b"x-user", b"bob")


def fails() -> NoReturn:
    raise RuntimeError("on purpose")


def is_cancelled() -> NoReturn:
    raise asyncio.CancelledError


def returns() -> None:
    """An application may end without another word."""


class Counted:
    """A meter with users, and what it counted."""

    def __init__(self, user_limit: int = 10) -> None:
        self._http = HttpAggregation(user_limit)
        identified = Identification(resolvers_of(["state:user", "header:x-user"]), str)
        self.meter = RequestMeter(self._http, identified.user, KNOWN_METHODS, self._http.open, returns)

    async def ask(self, messages: Sequence[Message], ending: Any = returns, **changes: Any) -> None:
        async def application(scope: Scope, _receive: Receive, send: Send) -> None:
            scope[SCOPE_KEY].template = "/plain"
            for message in messages:
                await send(message)
            ending()

        scope = http_scope(**({"headers": [BOB]} | changes))
        with suppress(RuntimeError, asyncio.CancelledError):
            await self.meter.measure(application, scope, nothing, ignore)

    def users(self) -> tuple[UserDelta, int]:
        """What users sent, and the requests of RED."""
        state = self._http.collect(1, 2)
        assert state is not None
        return state.users, sum(sum(series.bucket_counts) for series in state.durations)


@pytest.mark.parametrize(
    ("messages", "ending", "bobs"),
    [
        ([START, END], returns, 1),
        ([START, PART], fails, 1),
        ([START, PART], is_cancelled, 1),
        ([START, PART], returns, 1),
        ([START, PART, END], fails, 1),
        ([], fails, 0),
        ([], is_cancelled, 0),
        ([], returns, 0),
        ([START | {"status": 103}], fails, 0),
        ([START | {"status": 103}, START, END], returns, 1),
        ([START | {"status": 500}, END], fails, 0),
    ],
)
def test_an_answer_that_has_begun_shows_that_the_request_was_let_in(
    messages: list[Message], ending: Any, bobs: int
) -> None:
    counted = Counted()
    asyncio.run(counted.ask(messages, ending))
    users, requests = counted.users()
    assert users.counts == ({"bob": 1} if bobs else {})
    assert users.requests == requests == 1


def test_what_the_service_has_noted_counts_whatever_became_of_the_answer() -> None:
    counted = Counted()
    for ending in (fails, is_cancelled, returns):
        asyncio.run(counted.ask([], ending, state={"user": 7}))
    users, requests = counted.users()
    assert users.counts == {"7": 3}
    assert users.requests == requests == 3


sent = st.tuples(
    st.sampled_from([200, 204, 302, 401, 403, 404, 405, 422, 429, 500, 503]),
    st.sampled_from([fails, is_cancelled, returns]),
    st.sampled_from([b"ann", b"bob", b"cid", b""]),
    st.sampled_from(["GET", "OPTIONS", "BREW"]),
    st.sampled_from([None, "", 7, True, "ann"]),
)


@given(st.lists(sent, max_size=20))
def test_users_unidentified_and_overflow_are_all_requests(requests: list[tuple[int, Any, bytes, str, object]]) -> None:
    async def all_of_them() -> None:
        for status, ending, user, method, noted in requests:
            changes = {"headers": [(b"x-user", user)], "method": method, "state": {"user": noted}}
            await counted.ask([START | {"status": status}, END], ending, **changes)

    counted = Counted(user_limit=2)
    asyncio.run(all_of_them())
    if requests:
        users, of_red = counted.users()
        assert users.requests == of_red == len(requests)
        assert len(users.counts) <= 2
