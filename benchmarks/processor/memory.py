"""What the processor's whole state takes for each user, in a process of its own."""

import ctypes
import gc
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.processor.replay import DecodeToState
from benchmarks.processor.traffic import SECOND, Traffic
from reduse.processor.core.packing import Pieces

BYTES_PER_USER = "bytes_per_user"
EVENT_SECONDS = 60

_BEGIN = 1_700_000_000 * SECOND
_KIB = 1024
_END_SECONDS = 10.0


@dataclass(frozen=True)
class Memory:
    """Bytes for each of `users`, all of whom were active within the last minute.

    `held`: resident memory that the state has added when all that is free has been given back; `resident`: the same
    before that; `peak`: the most that it was. `by_part`: bytes of the arrays of each part of the state.
    """

    users: int
    held: float
    resident: float
    peak: float
    by_part: Mapping[str, float]


def measure_memory(users: int, seconds: int = EVENT_SECONDS) -> Memory:
    """Send `seconds` of event time, then weigh the state with its last window still open.

    Raises:
        RuntimeError: the process failed, or has not tracked every user.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_weigh, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        traffic = Traffic(users, _BEGIN)
        for _ in range(seconds):
            ours.send(traffic.second().bodies)
        ours.send(None)
        answer = ours.recv()
    except (EOFError, BrokenPipeError):
        raise RuntimeError("the process that was to weigh the state ended") from None
    finally:
        process.join(_END_SECONDS)
        ours.close()
    if answer["active"] != users:
        raise RuntimeError(f"{answer['active']} of {users} users are tracked")
    held, resident, peak = (answer[name] / users for name in ("held", "resident", "peak"))
    return Memory(users, held, resident, peak, {name: size / users for name, size in answer["parts"].items()})


def _weigh(connection: Connection) -> None:
    warm = DecodeToState()
    warm.take(Traffic(1000, _BEGIN).slice(2).bodies)
    state = DecodeToState()
    before = _memory_after_release()
    while (bodies := connection.recv()) is not None:
        state.take(bodies)
    del bodies
    resident, peak = _memory("VmRSS"), _memory("VmHWM")
    held = _memory_after_release()
    connection.send(
        {
            "active": state.value("reduse.users.active", window="1m"),
            "held": held - before,
            "resident": resident - before,
            "peak": peak - before,
            "parts": parts(state.engine.dump()),
        }
    )


def _memory(name: str) -> int:
    """Bytes, as the kernel has them."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * _KIB
    raise RuntimeError(f"the kernel does not tell {name}")


def _memory_after_release() -> int:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return _memory("VmRSS")


def parts(state: Mapping[str, Any]) -> dict[str, int]:
    """Bytes of the arrays in what an engine dumps: repeats, open windows, the users' directory, each processor."""
    found = {"repeats": _size(state["repeats"]), "open windows": 0, "directory": 0}
    for service in state["services"]:
        found["directory"] += _size(service["directory"])
        found["open windows"] += _size(service["windows"])
        for name, dumped in service["processors"].items():
            found[name] = found.get(name, 0) + _size(dumped)
    return found


def _size(value: Any) -> int:
    if isinstance(value, np.ndarray | Pieces):
        return value.nbytes
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, Mapping):
        return sum(map(_size, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(_size, value))
    return 0
