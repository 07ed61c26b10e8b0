"""What fails of ours is not noticed; what the service raises by a signal or from another thread is not swallowed."""

import ctypes
import functools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reduse.distro.base.harmless import harmless
from reduse.distro.sources.database.aggregation import DatabaseAggregation, Place
from reduse.distro.sources.database.connection_pools import ConnectionPools, Usage
from reduse.distro.sources.database.measuring import OperationMeter
from tests.waiting import PATIENCE_SECONDS


class LateError(Exception):
    """A time limit of the service's."""


def named(_signal: int, frame: Any) -> None:
    raise LateError


def of_any_arguments(*_arguments: Any) -> None:
    raise TimeoutError


def of_keywords(signum: int, /, frame: Any, *, again: bool = False) -> None:
    raise ValueError(signum, again)


def closed_over(_signal: int, frame: Any) -> None:
    raise TimeoutError([frame for _ in range(1)])


def that_forgets_its_frame(_signal: int, frame: Any) -> None:
    frame = None
    raise TimeoutError(frame)


def that_takes_itself_away(_signal: int, frame: Any) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    raise TimeoutError


def by_another(number: int, frame: Any) -> None:
    named(number, None)


def wrapped(number: int, frame: Any) -> None:
    try:
        named(number, frame)
    except LateError as error:
        raise RuntimeError("too late") from error


class Limit:
    def raises(self, _signal: int, _frame: Any) -> None:
        raise LateError

    def __call__(self, _signal: int, _frame: Any) -> None:
        raise KeyError("late")


HANDLERS: tuple[Any, ...] = (
    named,
    of_any_arguments,
    of_keywords,
    closed_over,
    that_forgets_its_frame,
    that_takes_itself_away,
    by_another,
    wrapped,
    Limit().raises,
    Limit(),
    functools.partial(of_keywords, again=True),
    lambda *_: int("late"),
)


RAISED = (LateError, TimeoutError, ValueError, RuntimeError, KeyError, IndexError)


def ring(*_anything: Any) -> Any:
    signal.raise_signal(signal.SIGALRM)


@pytest.fixture(autouse=True)
def _alarm() -> Iterator[None]:
    before = signal.getsignal(signal.SIGALRM)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda each: getattr(each, "__name__", type(each).__name__))
@pytest.mark.parametrize(
    "measure",
    [
        lambda: OperationMeter(DatabaseAggregation(lambda: None), ring).record(threading.Thread(), "SELECT 1", 0.1),
        harmless(ring),
        lambda: ConnectionPools(str, lambda _pool: Usage()).safely(ring),
    ],
    ids=["operation", "harmless", "pool"],
)
def test_what_a_signal_handler_raises_in_the_midst_of_ours_goes_on_to_the_service(
    handler: Any, measure: Callable[[], object]
) -> None:
    signal.signal(signal.SIGALRM, handler)
    with pytest.raises(RAISED):
        measure()


class Connection:
    # What a function of C takes for it.
    _as_parameter_ = 0


def test_what_another_thread_has_raised_in_ours_goes_on_to_the_service() -> None:
    raise_here: Callable[..., Any] = functools.partial(
        ctypes.pythonapi.PyThreadState_SetAsyncExc, ctypes.c_ulong(threading.get_ident()), ctypes.py_object(LateError)
    )
    meter = OperationMeter(DatabaseAggregation(lambda: None), raise_here)
    with pytest.raises(LateError):
        meter.record(Connection(), "SELECT 1", 0.1)


def fails(frame: Any = None) -> None:
    raise LookupError(frame)


def own_error() -> None:
    raise LateError


def asked_for_a_frame() -> None:
    fails(signal.getsignal(signal.SIGALRM))


@pytest.mark.parametrize("function", [fails, own_error, asked_for_a_frame])
def test_what_fails_of_ours_or_of_whom_it_asks_is_swallowed(function: Callable[[], None]) -> None:
    assert harmless(function)() is None
    operations = DatabaseAggregation(lambda: None)
    OperationMeter(operations, lambda _connection: function()).record(threading.Thread(), "SELECT 1", 0.1)  # type: ignore[arg-type, return-value]
    assert len(operations.collect(0)) == 1


def test_a_handler_that_has_caught_its_own_error_is_none_of_the_causes() -> None:
    def quiet(_signal: int, _frame: Any) -> None:
        with pytest.raises(LateError):
            raise LateError

    def ring_and_fail() -> None:
        ring()
        fails()

    signal.signal(signal.SIGALRM, quiet)
    assert harmless(ring_and_fail)() is None


def test_real_alarms_are_none_of_them_lost() -> None:
    """Each job has a time limit that comes at any of our lines; none runs beyond it."""
    operations = DatabaseAggregation(lambda: None)
    meter = OperationMeter(operations, lambda _connection: Place("shop", "db", 5432))
    connection = threading.Thread()
    signal.signal(signal.SIGALRM, named)
    late = 0
    for microseconds in range(20, 520):
        deadline = time.monotonic() + PATIENCE_SECONDS
        try:
            signal.setitimer(signal.ITIMER_REAL, microseconds / 1e6)
            while time.monotonic() < deadline:
                meter.record(connection, "SELECT 1", 0.1)
        except LateError:
            late += 1
    assert late == 500
