"""A replay in a process of its own, on the measured core."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from benchmarks.distro.cpu import pin
from benchmarks.processor.replay import DecodeToState, ParseOnly, PythonLoop, Replay
from benchmarks.processor.traffic import Slice

PARSE_ONLY = "parse_only"
DECODE_TO_STATE = "decode_to_state"
PYTHON_LOOP = "python_loop"
PEER = "peer"

# Dozens of times slower than the others: one second of a slice is enough of it.
_PEER_SECONDS = 1
_END_SECONDS = 10.0
_NANOSECONDS = 1_000_000_000


def _peer() -> Replay:
    # Not for every version of Python.
    from benchmarks.processor.peer import Bytewax

    return Bytewax()


_REPLAYS: dict[str, Callable[[], Replay]] = {
    PARSE_ONLY: ParseOnly,
    DECODE_TO_STATE: DecodeToState,
    PYTHON_LOOP: PythonLoop,
    PEER: _peer,
}


def lacks_peer() -> str | None:
    """Why the peer cannot be measured."""
    return None if find_spec("bytewax") else "bytewax is not installed: there is none for this version of Python"


@dataclass(frozen=True)
class _Answer:
    """CPU time of a slice, all requests counted so far (None: it does not count), or what went wrong."""

    nanoseconds: int = 0
    counted: int | None = None
    error: str = ""


class Worker:
    """Measures the CPU time of a replay; `core` is where it runs, None: anywhere."""

    def __init__(self, name: str, core: int | None) -> None:
        self._name = name
        self._core = core
        self._sent = 0
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(name, theirs), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        self._answer()
        if self._core is not None and self._process.pid is not None:
            pin(self._process.pid, self._core)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.is_alive():
            self._process.terminate()
        self._process.join(_END_SECONDS)
        self._connection.close()

    def measure(self, load: Slice) -> float:
        """Data points a second of CPU.

        Raises:
            RuntimeError: it failed, or has not counted what it was sent.
        """
        part = load.head(_PEER_SECONDS) if self._name == PEER else load
        self._connection.send(part.bodies)
        answer = self._answer()
        self._sent += part.requests
        if answer.counted not in (None, self._sent):
            raise RuntimeError(f"{self._name} counted {answer.counted} of {self._sent} requests")
        return part.points * _NANOSECONDS / answer.nanoseconds

    def _answer(self) -> _Answer:
        try:
            answer: _Answer = self._connection.recv()
        except EOFError:
            raise RuntimeError(f"{self._name}: its process ended") from None
        if answer.error:
            raise RuntimeError(f"{self._name}: {answer.error}")
        return answer


def _work(name: str, connection: Connection) -> None:
    try:
        replay = _REPLAYS[name]()
        connection.send(_Answer())
        while True:
            bodies = connection.recv()
            before = time.process_time_ns()
            replay.take(bodies)
            spent = time.process_time_ns() - before
            connection.send(_Answer(spent, replay.counted()))
    except (EOFError, KeyboardInterrupt):
        return
    except Exception as error:  # noqa: BLE001 - the other process raises it
        connection.send(_Answer(error=f"{type(error).__name__}: {error}"))
