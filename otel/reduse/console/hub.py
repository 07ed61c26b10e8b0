"""One round of questions for all viewers: each topic that somebody looks at is asked once, and sent to all who do."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Protocol

from reduse.store.client import QueryError

VIEWERS = 64
"""Streams at a time; a further one is refused."""

TOPICS = 64
"""What is asked at a time; a further one is refused."""

TOPICS_OF_A_VIEWER = 24
LINGER_SECONDS = 15
"""For so long a topic is asked on when nobody looks: who comes back finds it whole."""

HEARTBEAT_SECONDS = 15
_THREADS = 4

_log = logging.getLogger(__name__)


class Feed(Protocol):
    """What a topic says, asked anew every `interval` seconds."""

    @property
    def interval(self) -> float: ...

    def refresh(self, now: float) -> Mapping[str, object]:
        """The whole of it at Unix time `now`; runs in a thread. Raises QueryError."""


class FullError(Exception):
    """A bound is reached; the message is for people."""


class Viewer:
    """One who looks: of each topic the newest that was not sent yet, so that a slow one costs no memory."""

    def __init__(self) -> None:
        self._waiting: dict[str, bytes] = {}
        self._woken = asyncio.Event()

    def give(self, topic: str, event: bytes) -> None:
        self._waiting[topic] = event
        self._woken.set()

    async def events(self) -> AsyncIterator[bytes]:
        """Server-sent events, for as long as the connection is open."""
        while True:
            try:
                await asyncio.wait_for(self._woken.wait(), HEARTBEAT_SECONDS)
            except TimeoutError:
                # A comment, by which a connection that is gone is noticed.
                yield b": \n\n"
                continue
            self._woken.clear()
            waiting, self._waiting = self._waiting, {}
            for event in waiting.values():
                yield event


class _Topic:
    def __init__(self, name: str, feed: Feed) -> None:
        self.name = name
        self.feed = feed
        self.viewers: set[Viewer] = set()
        self.newest: bytes | None = None
        self.unseen_since = time.monotonic()
        self.task: asyncio.Task[None] | None = None


class Hub:
    """Lives in one event loop."""

    def __init__(self, feed: Callable[[str], Feed]) -> None:
        """`feed`: makes that of a topic by its name. Raises ValueError for a name that there is not."""
        self._feed = feed
        self._topics: dict[str, _Topic] = {}
        self._viewers = 0
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="round")

    def enter(self, names: Iterable[str]) -> tuple[Viewer, Callable[[], None]]:
        """A viewer of these topics, and what ends it.

        Raises:
            FullError: too many look, or at too much.
            ValueError: there is no such topic.
        """
        wanted = list(dict.fromkeys(names))
        if self._viewers >= VIEWERS:
            raise FullError(f"{VIEWERS} pages are open already: close one of them")
        if len(wanted) > TOPICS_OF_A_VIEWER:
            raise FullError(f"more than {TOPICS_OF_A_VIEWER} sections are open on one page: fold some of them")
        new = {name: self._feed(name) for name in wanted if name not in self._topics}
        if len(self._topics) + len(new) > TOPICS:
            raise FullError(f"{TOPICS} different sections are looked at already: close some pages")
        viewer = Viewer()
        self._viewers += 1
        for name, feed in new.items():
            self._topics[name] = topic = _Topic(name, feed)
            topic.task = asyncio.create_task(self._rounds(topic))
        for name in wanted:
            topic = self._topics[name]
            topic.viewers.add(viewer)
            if topic.newest is not None:
                viewer.give(name, topic.newest)
        return viewer, lambda: self._leave(viewer, wanted)

    async def close(self) -> None:
        tasks = [topic.task for topic in self._topics.values() if topic.task]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _leave(self, viewer: Viewer, names: Iterable[str]) -> None:
        self._viewers -= 1
        for name in names:
            if (topic := self._topics.get(name)) is not None:
                topic.viewers.discard(viewer)
                topic.unseen_since = time.monotonic()

    async def _rounds(self, topic: _Topic) -> None:
        loop = asyncio.get_running_loop()
        while topic.viewers or time.monotonic() - topic.unseen_since < LINGER_SECONDS:
            due = time.monotonic() + topic.feed.interval
            topic.newest = event = await loop.run_in_executor(self._threads, _round, topic)
            for viewer in topic.viewers:
                viewer.give(topic.name, event)
            await self._until(due, topic)
        del self._topics[topic.name]

    async def _until(self, due: float, topic: _Topic) -> None:
        """Wait for the next round, or for the last viewer to be gone for long."""
        while (left := due - time.monotonic()) > 0:
            await asyncio.sleep(min(left, LINGER_SECONDS))
            if not topic.viewers and time.monotonic() - topic.unseen_since >= LINGER_SECONDS:
                return


def _round(topic: _Topic) -> bytes:
    try:
        said = topic.feed.refresh(time.time())
    except QueryError as error:
        said = {"error": str(error)}
    except Exception:  # noqa: BLE001 - the page is told, and the next round may do
        _log.exception("a round of %s failed", topic.name)
        said = {"error": "the console failed here: see its log"}
    text = json.dumps({"topic": topic.name, "data": said}, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return f"data: {text}\n\n".encode()
