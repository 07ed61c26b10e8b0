"""Whose body is read at the moment, over gRPC.

gRPC holds what has come of a message itself and tells nobody how much that is. But it takes only a few kilobytes of a
message that is not asked for: so the memory is bounded by how many are asked for at once. Whoever is slow gives way to
those who wait, and then comes after all who were not slow; whoever has sent a whole body before comes first.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from reduse.processor.servers.memory import CrowdedError

# Of so many senders it is known how often they were slow, and of as many that a body of theirs has arrived.
REMEMBERED = 1024


class SlowError(Exception):
    """The body did not arrive in time, or was slow while others waited."""


class StoppingError(Exception):
    """The server stops, and does not wait for bodies that are not here yet."""


@dataclass(frozen=True, slots=True)
class TurnBounds:
    # Bodies that are read at once: together they take up to so many times the limit of a message.
    reading: int = 16
    # Requests that wait for their turn; beyond it those of the sender who has most of them are refused.
    waiting: int = 1024
    # While others wait, a body may take so long.
    patient_seconds: float = 1.0
    # A body that takes longer is refused in any case, its wait included.
    body_seconds: float = 30.0


@dataclass(eq=False, slots=True)
class _Turn:
    sender: str
    begun: float
    deadline: asyncio.Timeout


Waiting = tuple[asyncio.Future[_Turn], asyncio.Timeout]


class Turns:
    """For one event loop."""

    def __init__(self, bounds: TurnBounds) -> None:
        self._bounds = bounds
        # In the order in which they began.
        self._reading: dict[_Turn, None] = {}
        self._leaving: set[_Turn] = set()
        self._waiting: OrderedDict[str, deque[Waiting]] = OrderedDict()
        self._waiting_count = 0
        # The senders of whom so many requests wait: who has most of them is found without looking at all.
        self._senders_of_count: dict[int, dict[str, None]] = {}
        self._slow: OrderedDict[str, int] = OrderedDict()
        self._arrived: OrderedDict[str, int] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None
        self._deadlines: set[asyncio.Timeout] = set()
        self._closing = False

    def close(self) -> None:
        """Bodies that are not here yet are not waited for."""
        self._closing = True
        now = asyncio.get_running_loop().time()
        for deadline in self._deadlines:
            if not deadline.expired():
                deadline.reschedule(now)

    @asynccontextmanager
    async def of(self, sender: str) -> AsyncIterator[None]:
        """In the block the body may be read; it is cancelled when that takes too long.

        Raises SlowError; CrowdedError when too many wait; StoppingError after `close`.
        """
        try:
            async with asyncio.timeout(0 if self._closing else self._bounds.body_seconds) as deadline:
                self._deadlines.add(deadline)
                try:
                    turn = await self._begin(sender, deadline)
                    try:
                        yield
                        _count(self._arrived, sender)
                    finally:
                        self._end(turn)
                finally:
                    self._deadlines.discard(deadline)
        except TimeoutError as error:
            raise (StoppingError if self._closing else SlowError) from error

    async def _begin(self, sender: str, deadline: asyncio.Timeout) -> _Turn:
        if len(self._reading) < self._bounds.reading:
            return self._start(sender, deadline)
        future: asyncio.Future[_Turn] = asyncio.get_running_loop().create_future()
        waiting = (future, deadline)
        queue = self._waiting.setdefault(sender, deque())
        queue.append(waiting)
        self._waiting_count += 1
        self._recount(sender, len(queue) - 1, len(queue))
        if self._waiting_count > self._bounds.waiting:
            self._refuse_one()
        self._watch()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self._end(future.result())
            else:
                self._forget(sender, waiting)
            raise

    def _start(self, sender: str, deadline: asyncio.Timeout) -> _Turn:
        turn = _Turn(sender, asyncio.get_running_loop().time(), deadline)
        self._reading[turn] = None
        return turn

    def _end(self, turn: _Turn) -> None:
        if turn not in self._leaving and turn.deadline.expired():
            _count(self._slow, turn.sender)
        self._leaving.discard(turn)
        del self._reading[turn]
        while self._waiting and len(self._reading) < self._bounds.reading:
            self._pass_on()
        self._watch()

    def _pass_on(self) -> None:
        """To who was slow least often, then to who has sent a body before, who reads least, who waited for longest."""
        reading = Counter(turn.sender for turn in self._reading)
        sender = min(self._waiting, key=lambda one: (self._slow.get(one, 0), one not in self._arrived, reading[one]))
        future, deadline = waiting = self._waiting[sender][0]
        self._forget(sender, waiting)
        if sender in self._waiting:
            self._waiting.move_to_end(sender)
        if not future.done():
            future.set_result(self._start(sender, deadline))

    def _refuse_one(self) -> None:
        sender = next(iter(self._senders_of_count[max(self._senders_of_count)]))
        future, _ = waiting = self._waiting[sender][-1]
        self._forget(sender, waiting)
        if not future.done():
            future.set_exception(CrowdedError())

    def _forget(self, sender: str, waiting: Waiting) -> None:
        queue = self._waiting.get(sender)
        if queue is None or waiting not in queue:
            return
        queue.remove(waiting)
        self._waiting_count -= 1
        self._recount(sender, len(queue) + 1, len(queue))
        if not queue:
            del self._waiting[sender]

    def _recount(self, sender: str, before: int, after: int) -> None:
        if before:
            del self._senders_of_count[before][sender]
            if not self._senders_of_count[before]:
                del self._senders_of_count[before]
        if after:
            self._senders_of_count.setdefault(after, {})[sender] = None

    def _watch(self) -> None:
        """While somebody waits: for the oldest turn to have lasted long enough."""
        if not self._waiting or self._timer is not None:
            return
        oldest = next((turn for turn in self._reading if turn not in self._leaving), None)
        if oldest is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(oldest.begun + self._bounds.patient_seconds, self._let_go)

    def _let_go(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        for turn in self._reading if self._waiting else ():
            if turn in self._leaving or turn.deadline.expired():
                continue
            if now - turn.begun < self._bounds.patient_seconds or len(self._leaving) >= self._waiting_count:
                break
            self._leaving.add(turn)
            _count(self._slow, turn.sender)
            turn.deadline.reschedule(now)
        self._watch()


def _count(times: OrderedDict[str, int], sender: str) -> None:
    """Once more; whoever was not counted for longest is forgotten."""
    times[sender] = times.pop(sender, 0) + 1
    if len(times) > REMEMBERED:
        times.popitem(last=False)
