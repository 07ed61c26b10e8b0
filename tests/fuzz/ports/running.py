"""So many payloads at a port: what was answered, how fast, and which payload was answered as none may be."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.mutation import mutated
from tests.fuzz.ports.ways import Way

SHRINKS = 300
CHECK_SECONDS = 2.0
# Each waits for the next commit, a tenth of a second.
AT_ONCE = 128


@dataclass(frozen=True)
class Kind:
    """Payloads of one shape: `share` of all, mutated from `real`, each sent on one of the ways that `way` makes."""

    name: str
    share: float
    real: Sequence[bytes]
    way: Callable[[], Way]
    allowed: frozenset[str]


@dataclass
class Result:
    """What came of a run at one port; `broken` says what did not hold."""

    port: str
    seed: int
    payloads: int = 0
    seconds: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)
    memory: int = 0
    """Most bytes that the process held."""
    innocent: int = 0
    """Requests or answers of the innocent, each exact."""
    broken: str = ""
    saved: str = ""

    def as_dict(self) -> dict[str, object]:
        return {
            "port": self.port,
            "seed": self.seed,
            "payloads": self.payloads,
            "seconds": round(self.seconds, 1),
            "payloads_per_second": round(self.payloads / self.seconds) if self.seconds else 0,
            "answers": dict(self.answers.most_common()),
            "memory_bytes": self.memory,
            "innocent": self.innocent,
            "broken": self.broken,
            "saved": self.saved,
        }


class BrokenError(Exception):
    """Something does not hold that must; the payload after which it did not, if it is one."""

    def __init__(self, message: str, kind: Kind | None = None, payload: bytes = b"") -> None:
        super().__init__(message)
        self.kind = kind
        self.payload = payload


def payload_of(kinds: Sequence[Kind], seed: int, number: int) -> tuple[Kind, bytes]:
    """The same for the same seed and number, as long as the real traffic is the same."""
    draw = random.Random(seed << 32 | number)  # noqa: S311 - to be had again
    kind = draw.choices(kinds, [each.share for each in kinds])[0]
    return kind, mutated(draw.choice(kind.real), draw)


async def attack(
    kinds: Sequence[Kind],
    result: Result,
    *,
    at_once: int = AT_ONCE,
    payloads: int | None,
    seconds: float | None,
    check: Callable[[], None],
    told: Callable[[str], None] = lambda _: None,
) -> None:
    """Send until there were so many, or for so long. `check` raises BrokenError, and is called now and then.

    Raises BrokenError.
    """
    begun = time.monotonic()
    numbers = iter(range(payloads if payloads is not None else 2**31))
    ending = asyncio.Event()
    ways = [{kind.name: kind.way() for kind in kinds} for _ in range(at_once)]

    def over() -> bool:
        return ending.is_set() or (seconds is not None and time.monotonic() - begun >= seconds)

    async def worker(own: Mapping[str, Way]) -> None:
        while not over() and (number := next(numbers, None)) is not None:
            await _one(kinds, own, result, number)

    async def work() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for own in ways:
                    group.create_task(worker(own))
        finally:
            ending.set()

    broken: BrokenError | None = None
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_watch(check, ending, begun, result, told))
            group.create_task(work())
    except* BrokenError as errors:
        # Raised here it would be in a group again.
        broken = _first(errors)
    finally:
        result.seconds = time.monotonic() - begun
        # Not before all have ended: a channel of gRPC that closes cancels calls of others as well.
        for own in ways:
            for way in own.values():
                await way.close()
    if broken is not None:
        raise broken


async def _watch(
    check: Callable[[], None], ending: asyncio.Event, begun: float, result: Result, told: Callable[[str], None]
) -> None:
    while not ending.is_set():
        await asyncio.to_thread(check)
        result.seconds = time.monotonic() - begun
        told(f"{result.port}: {result.payloads} payloads in {result.seconds:.0f} s")
        with suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), CHECK_SECONDS)


async def _one(kinds: Sequence[Kind], ways: Mapping[str, Way], result: Result, number: int) -> None:
    kind, payload = payload_of(kinds, result.seed, number)
    answer = await _answer(ways[kind.name], payload)
    result.payloads += 1
    result.answers[f"{kind.name}: {answer}"] += 1
    if answer not in kind.allowed:
        raise BrokenError(f"{kind.name}: payload {number} was answered {answer}", kind, payload)


def _first(errors: BaseExceptionGroup) -> BrokenError:
    """What ended all: where a check did, calls that were cancelled because of that look broken as well."""
    found = list(_flat(errors))
    return next((error for error in found if error.kind is None), found[0])


def _flat(errors: BaseExceptionGroup) -> Iterator[BrokenError]:
    for error in errors.exceptions:
        if isinstance(error, BrokenError):
            yield error
        elif isinstance(error, BaseExceptionGroup):
            yield from _flat(error)


async def _answer(way: Way, payload: bytes) -> str:
    try:
        return await way.send(payload)
    except TimeoutError:
        await way.close()
        return "timeout"
    except OSError as error:
        await way.close()
        return type(error).__name__


async def smallest(kind: Kind, payload: bytes) -> bytes:
    """Of those with a part left out, the smallest that is still answered as none may be."""
    tries, size, way = 0, len(payload) // 2, kind.way()
    try:
        while size and tries < SHRINKS:
            at = 0
            while at < len(payload) and tries < SHRINKS:
                shorter = payload[:at] + payload[at + size :]
                tries += 1
                if await _answer(way, shorter) not in kind.allowed:
                    payload = shorter
                else:
                    at += size
            size //= 2
    finally:
        await way.close()
    return payload


def save(folder: Path, port: str, kind: Kind, payload: bytes) -> Path:
    path = folder / f"{port} {kind.name}.payload"
    path.write_bytes(payload)
    return path
