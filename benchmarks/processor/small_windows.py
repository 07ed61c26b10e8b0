"""What little traffic costs: windows of a hundred users, a state of nearly nobody, blocks of a few points.

Many shards have just that, so it is measured with many services in turn, in a process of its own: what one of them has
left in the processor's caches is gone when it is its turn again.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection

from benchmarks.processor.traffic import ROTATION_SECONDS, SECOND, Traffic
from reduse.processor.core.columns import Export, Stream
from reduse.processor.core.engine import Engine
from reduse.processor.core.packing import pack
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.record import pack_exports, unpack_record
from reduse.processor.otlp.decoding import decode
from reduse.processor.otlp.encoding import encode

SMALL_WINDOWS = "small_windows"

SERVICES = 16
USERS_PER_WINDOW = 100
FEW_USERS = 20
BLOCK_POINTS = 128

_BEGIN = 1_700_000_000 * SECOND
_ANY_TIME = 2**63 - 1
_UNMEASURED_SECONDS = 2 * ROTATION_SECONDS
_MEASURED_SECONDS = 4 * ROTATION_SECONDS
_BLOCKS = 5000
_END_SECONDS = 10.0
_MILLISECOND, _MICROSECOND = 1_000_000, 1_000


@dataclass(frozen=True)
class SmallWindows:
    """CPU to close a window of 100 users and to encode its metrics, and to pack and unpack a block of 128 points; bytes
    of the packed state of an engine that has seen a few users."""

    close_window_100_users_ms: float
    encode_window_100_users_ms: float
    empty_state_bytes: int
    block_128_us: float


def measure_small_windows() -> SmallWindows:
    """Raises RuntimeError when the process failed."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_measure, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        answer: SmallWindows = ours.recv()
    except EOFError:
        raise RuntimeError("the process that was to close small windows ended") from None
    finally:
        process.join(_END_SECONDS)
        ours.close()
    return answer


def _measure(connection: Connection) -> None:
    closing, encoding = _closing_and_encoding()
    connection.send(SmallWindows(closing, encoding, _empty_state_bytes(), _block_us()))


def _closing_and_encoding() -> tuple[float, float]:
    """In ms for each window."""
    engine = Engine(BUILT_IN)
    closing = encoding = windows = 0
    seconds = _seconds(USERS_PER_WINDOW * ROTATION_SECONDS, _UNMEASURED_SECONDS + _MEASURED_SECONDS)
    for second, exports in enumerate(seconds):
        for service in range(SERVICES):
            for export in exports:
                stream = Stream(f"service-{service}", export.stream.instance)
                engine.apply([replace(export, stream=stream)], export.time)
        for command in engine.due(exports[-1].time):
            begun = time.process_time_ns()
            emissions = engine.execute(command)
            closed = time.process_time_ns()
            for emission in emissions:
                encode(emission, "0")
            encoded = time.process_time_ns()
            if second >= _UNMEASURED_SECONDS:
                closing += closed - begun
                encoding += encoded - closed
                windows += len(emissions)
    return closing / windows / _MILLISECOND, encoding / windows / _MILLISECOND


def _seconds(users: int, seconds: int) -> Iterator[list[Export]]:
    """What the instances of a service say of each second."""
    traffic = Traffic(users, _BEGIN)
    for _ in range(seconds):
        yield [export for body in traffic.second().bodies for export in decode(body, _ANY_TIME).exports]


def _empty_state_bytes() -> int:
    engine = Engine(BUILT_IN)
    for exports in _seconds(FEW_USERS, ROTATION_SECONDS):
        now = exports[-1].time
        engine.apply(exports, now)
        for command in engine.due(now):
            engine.execute(command)
    return len(pack(engine.dump()))


def _block_us() -> float:
    ((export, *_),) = _seconds(2 * BLOCK_POINTS * ROTATION_SECONDS, 1)
    rows = slice(len(export) - BLOCK_POINTS, None)
    columns = export.kinds[rows], export.users[rows], export.counts[rows], export.microseconds[rows]
    block = [Export(export.stream, export.start, export.time, *columns)]
    return _mean_ns(lambda: unpack_record(pack_exports(block, export.time)), _BLOCKS) / _MICROSECOND


def _mean_ns(call: Callable[[], object], times: int) -> float:
    for _ in range(times // 10):
        call()
    begun = time.process_time_ns()
    for _ in range(times):
        call()
    return (time.process_time_ns() - begun) / times
