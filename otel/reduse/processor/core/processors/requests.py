"""How many requests were counted: what RED's count is held against."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reduse.processor.core.metric import Column, Labels, Metric, Series, Shape
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.window import ClosedWindow
from reduse.wire import ANONYMOUS, IDENTIFIED, IDENTITY, OVERFLOW

_IDENTITIES = (IDENTIFIED, ANONYMOUS, OVERFLOW)
_SERIES = Series(Labels(**{IDENTITY: identity}) for identity in _IDENTITIES)


class Requests(Processor):
    """`reduse.user.requests` by `identity`: user, anonymous, overflow. Their sum is every request of the service."""

    name = "requests"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._totals = dict.fromkeys(_IDENTITIES, 0)

    def process(self, window: ClosedWindow) -> Iterable[Metric]:
        self._totals[IDENTIFIED] += window.requests + window.untracked.count
        self._totals[ANONYMOUS] += window.anonymous.count
        self._totals[OVERFLOW] += window.overflow.count
        points = Column(list(self._totals.values()), _SERIES)
        yield Metric(
            "reduse.user.requests", "{request}", Shape.COUNTER, points, "Requests counted, by how the user is known."
        )

    def dump(self) -> dict[str, Any]:
        return {"totals": dict(self._totals)}

    def load(self, state: dict[str, Any]) -> None:
        self._totals.update(state["totals"])
