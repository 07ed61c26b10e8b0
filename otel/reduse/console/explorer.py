"""What a limit would have done over the recorded time: asked with each move of a slider."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from reduse.limit import MOST_REQUESTS, Limit, parse_period
from reduse.what_if.limiter import MOST_INSTANCES, Kind

LONGEST_SECONDS = 7 * 86_400
SHORTEST_SECONDS = 60
WAITING = 16
"""Questions that wait for the one before; a further one is refused."""


@dataclass(frozen=True, slots=True)
class Question:
    """`seconds`: how far to look back. `burst`: requests at once; None for the limiter's usual one. `policy`:
    that of the requests; all when empty. `costs`: of a request under a policy, such as `price=5`. `kind`,
    `instances`: of the limiter. `suggest`: whether a limit is asked for.
    """

    service: str
    seconds: int
    limit: Limit
    burst: float | None = None
    policy: str = ""
    costs: tuple[str, ...] = ()
    kind: str = Kind.TOKEN_BUCKET
    instances: int = 1
    suggest: bool = False

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "Question":
        """Of a query's parameters. Raises ValueError that says what is wrong."""
        service = given.get("service", "")
        if not service:
            raise ValueError("service: whose users are meant is missing")
        seconds = int(_number(given, "seconds", SHORTEST_SECONDS, LONGEST_SECONDS))
        requests = _number(given, "limit", 1e-6, MOST_REQUESTS)
        period = parse_period(given.get("period", "second"))
        burst = _number(given, "burst", 1, MOST_REQUESTS) if given.get("burst") else None
        return cls(
            service=service,
            seconds=seconds,
            limit=Limit(requests, period),
            burst=burst,
            policy=given.get("policy", ""),
            costs=tuple(filter(None, given.get("costs", "").split(","))),
            kind=given.get("kind", Kind.TOKEN_BUCKET),
            instances=int(_number(given, "instances", 1, MOST_INSTANCES)) if given.get("instances") else 1,
            suggest=bool(given.get("suggest")),
        )


def _number(given: Mapping[str, str], name: str, lowest: float, highest: float) -> float:
    try:
        number = float(given[name])
    except (KeyError, ValueError):
        raise ValueError(f"{name}: a number is missing") from None
    if not lowest <= number <= highest:
        raise ValueError(f"{name}: {number:g} is not from {lowest:g} to {highest:g}")
    return number


class BusyError(Exception):
    """Too many questions wait; the message is for people."""


class Source(Protocol):
    """Where answers come from."""

    def answer(self, question: Question, now: float) -> Mapping[str, object]:
        """As the page shows it; runs in a thread. Raises StackError with what is missing."""


class Explorer:
    """One question at a time, the newest of a page: whoever does not wait any longer is passed over."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="explorer")

    async def answer(self, question: Question, gone: Callable[[], Awaitable[bool]]) -> Mapping[str, object] | None:
        """None when whoever asked has `gone` before it was its turn."""
        if self._waiting >= WAITING:
            raise BusyError(f"{WAITING} questions wait for an answer already: try again in a moment")
        self._waiting += 1
        try:
            async with self._turn:
                if await gone():
                    return None
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._thread, self._source.answer, question, time.time())
        finally:
            self._waiting -= 1

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
