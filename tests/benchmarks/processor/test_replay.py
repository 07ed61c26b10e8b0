"""Whoever is compared counts the same requests."""

from collections.abc import Callable

import pytest

from benchmarks.processor.replay import DecodeToState, ParseOnly, PythonLoop, Replay
from benchmarks.processor.traffic import ROTATION_SECONDS, SECOND, Traffic

BEGIN = 1_700_000_000 * SECOND
USERS = 400


def bytewax() -> Replay:
    pytest.importorskip("bytewax.dataflow", reason="bytewax is not for this version of Python")
    from benchmarks.processor.peer import Bytewax

    return Bytewax()


@pytest.mark.slow
@pytest.mark.parametrize("make", [DecodeToState, PythonLoop, bytewax])
def test_every_request_is_counted_once_its_window_has_closed(make: Callable[[], Replay]) -> None:
    traffic, replay = Traffic(USERS, BEGIN), make()
    sent = 0
    for _ in range(2):
        load = traffic.slice(3)
        replay.take(load.bodies)
        sent += load.requests
        assert replay.counted() == sent


def test_bare_parsing_counts_nothing() -> None:
    replay: Replay = ParseOnly()
    replay.take(Traffic(USERS, BEGIN).slice(1).bodies)
    assert replay.counted() is None


@pytest.mark.slow
def test_what_is_counted_twice_is_an_error() -> None:
    traffic, state = Traffic(USERS, BEGIN), DecodeToState()
    state.take(traffic.slice(1).bodies)
    state._last_body = traffic.second().bodies[0]
    with pytest.raises(RuntimeError, match="counted twice"):
        state.counted()


def test_all_users_of_a_rotation_are_active() -> None:
    state = DecodeToState()
    state.take(Traffic(USERS, BEGIN).slice(ROTATION_SECONDS).bodies)
    assert state.value("reduse.users.active", window="1m") == USERS
