"""What can be chosen above a dashboard: values of its variables, as the store has them."""

import time
from collections.abc import Mapping
from string import Template

from reduse.monitoring.dashboards.definition import Board
from reduse.monitoring.promql import escaped
from reduse.operation.report.asking import chosen
from reduse.store.client import StoreClient

LOOKED_BACK_SECONDS = 3600
SHOWN_CHOICES = 500
KEPT_SECONDS = 10
"""An answer serves all who ask within so long."""

KEPT_ANSWERS = 256


class Choices:
    def __init__(self, client: StoreClient) -> None:
        self._client = client
        self._kept: dict[tuple[str, frozenset[tuple[str, str]]], tuple[float, Mapping[str, list[str]]]] = {}

    def of(self, board: Board, given: Mapping[str, str]) -> Mapping[str, list[str]]:
        """By the variable's name; at most SHOWN_CHOICES of each. Raises QueryError."""
        values = chosen(board, given)
        key = board.uid, frozenset(values.items())
        now = time.monotonic()
        if key in self._kept and now - self._kept[key][0] < KEPT_SECONDS:
            return self._kept[key][1]
        found = self._asked(board, values)
        if len(self._kept) >= KEPT_ANSWERS:
            self._kept.clear()
        self._kept[key] = now, found
        return found

    def _asked(self, board: Board, values: Mapping[str, str]) -> Mapping[str, list[str]]:
        end = time.time()
        safe = {name: escaped(value) for name, value in values.items()}
        found = {}
        for variable in board.variables:
            selector = variable.metric + Template(variable.selector).safe_substitute(safe)
            there = self._client.label_values(variable.label, selector, end - LOOKED_BACK_SECONDS, end)
            found[variable.name] = sorted({*there[:SHOWN_CHOICES], values[variable.name]} - {""}, key=_order)
        return found


def _order(text: str) -> tuple[float, str]:
    """Numbers as numbers."""
    try:
        return float(text), text
    except ValueError:
        return float("inf"), text
