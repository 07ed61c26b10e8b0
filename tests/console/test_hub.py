"""One round for all who look; what is bounded is refused with a word; what fails is said."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from reduse.console import hub as hubs
from reduse.console.hub import TOPICS_OF_A_VIEWER, VIEWERS, Feed, FullError, Hub
from reduse.store.client import QueryError
from tests.waiting import wait_until


class Counted:
    """Says how often it was asked."""

    def __init__(self, interval: float = 0.02, error: Exception | None = None) -> None:
        self.interval = interval
        self.rounds = 0
        self.error = error

    def refresh(self, now: float) -> Mapping[str, object]:
        self.rounds += 1
        if self.error is not None:
            raise self.error
        return {"round": self.rounds, "now": now}


async def next_of(events: AsyncIterator[bytes]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((await anext(events)).decode().removeprefix("data: "))
    return found


def test_a_round_is_asked_once_for_all_who_look() -> None:
    feed = Counted(interval=30)

    async def look() -> list[dict[str, Any]]:
        hub = Hub(lambda _: feed)
        viewers = [hub.enter(["state"])[0] for _ in range(20)]
        found = [await next_of(viewer.events()) for viewer in viewers]
        late, _ = hub.enter(["state"])
        found.append(await next_of(late.events()))
        await hub.close()
        return found

    found = asyncio.run(look())
    assert feed.rounds == 1
    assert {each["data"]["round"] for each in found} == {1}
    assert {each["topic"] for each in found} == {"state"}


def test_a_slow_viewer_gets_the_newest_and_not_all_that_it_missed() -> None:
    feed = Counted()

    async def look() -> int:
        hub = Hub(lambda _: feed)
        viewer, _ = hub.enter(["state"])
        await asyncio.to_thread(wait_until, lambda: feed.rounds >= 3, "three rounds")
        events = viewer.events()
        first = await next_of(events)
        await hub.close()
        return int(first["data"]["round"])

    assert asyncio.run(look()) >= 2


def test_nobody_is_asked_when_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "LINGER_SECONDS", 0.05)
    feeds: list[Counted] = []

    def made(_: str) -> Feed:
        feeds.append(Counted())
        return feeds[-1]

    async def look() -> int:
        hub = Hub(made)
        viewer, leave = hub.enter(["state"])
        await next_of(viewer.events())
        leave()
        await asyncio.sleep(0.3)
        rounds = feeds[0].rounds
        await asyncio.sleep(0.2)
        assert feeds[0].rounds == rounds
        again, _ = hub.enter(["state"])
        await next_of(again.events())
        await hub.close()
        return len(feeds)

    assert asyncio.run(look()) == 2


@pytest.mark.parametrize("error", [QueryError("the store does not answer"), RuntimeError("a fault of ours")])
def test_a_round_that_fails_is_said_and_the_next_one_comes(error: Exception) -> None:
    feed = Counted(error=error)

    async def look() -> list[dict[str, Any]]:
        hub = Hub(lambda _: feed)
        viewer, _ = hub.enter(["state"])
        events = viewer.events()
        first = await next_of(events)
        feed.error = None
        while "error" in (second := await next_of(events))["data"]:
            pass
        await hub.close()
        return [first, second]

    first, second = asyncio.run(look())
    assert first["data"]["error"] == (
        str(error) if isinstance(error, QueryError) else "the console failed here: see its log"
    )
    assert second["data"]["round"] >= 2


def test_more_viewers_or_topics_than_the_bound_are_refused_with_a_word() -> None:
    async def look() -> None:
        hub = Hub(lambda _: Counted(interval=30))
        with pytest.raises(FullError, match="fold some"):
            hub.enter(str(number) for number in range(TOPICS_OF_A_VIEWER + 1))
        first = [hub.enter(str(number) for number in range(begin, begin + 20))[1] for begin in (0, 20, 40)]
        with pytest.raises(FullError, match="are looked at already"):
            hub.enter(f"another {number}" for number in range(TOPICS_OF_A_VIEWER))
        for _ in range(VIEWERS - len(first)):
            hub.enter(["0"])
        with pytest.raises(FullError, match="pages are open already"):
            hub.enter(["0"])
        first[0]()
        hub.enter(["0"])
        await hub.close()

    asyncio.run(look())
