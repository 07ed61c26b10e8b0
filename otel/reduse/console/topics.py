"""Topics by their names: what a page may look at.

- `state`
- `users?service=mes-api`
- `panels?board=reduse-red&section=0&seconds=900&job=mes-api`
"""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import parse_qsl

from reduse.console.hub import Feed
from reduse.console.panels import RANGES, SectionFeed
from reduse.console.state import StateFeed
from reduse.console.users import UsersFeed
from reduse.monitoring.dashboards.definition import Board
from reduse.monitoring.promql import escaped
from reduse.monitoring.table import CompanyRow
from reduse.operation.report.asking import chosen
from reduse.store.client import StoreClient

NAME_LENGTH = 500
"""Of a topic, at most."""


class Topics:
    """Makes the feed of a topic. All raise ValueError for what there is not."""

    def __init__(self, client: StoreClient, rows: Sequence[CompanyRow], boards: Sequence[Board]) -> None:
        self._client = client
        self._rows = rows
        self._boards = {board.uid: board for board in boards}

    def feed(self, name: str) -> Feed:
        if len(name) > NAME_LENGTH:
            raise ValueError("the name of a topic is too long")
        kind, _, query = name.partition("?")
        kinds: Mapping[str, Callable[[Mapping[str, str]], Feed]] = {
            "state": lambda _: StateFeed(self._client, self._rows),
            "users": lambda given: UsersFeed(self._client, escaped(_given(given, "service"))),
            "panels": self._panels,
        }
        if kind not in kinds:
            raise ValueError(f"there is no topic {kind!r}")
        return kinds[kind](dict(parse_qsl(query)))

    def _panels(self, given: Mapping[str, str]) -> Feed:
        board = self._boards.get(_given(given, "board"))
        if board is None:
            raise ValueError("there is no such dashboard")
        try:
            section = board.sections[int(_given(given, "section"))]
            seconds = int(_given(given, "seconds"))
        except (IndexError, ValueError):
            raise ValueError("there is no such section") from None
        if seconds not in RANGES:
            raise ValueError(f"a range has one of {', '.join(map(str, RANGES))} seconds")
        values = {name: escaped(value) for name, value in chosen(board, given).items()}
        return SectionFeed(self._client, section, values, seconds)


def _given(given: Mapping[str, str], name: str) -> str:
    if name not in given:
        raise ValueError(f"a topic needs {name}")
    return given[name]
