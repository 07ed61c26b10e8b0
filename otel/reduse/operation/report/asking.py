"""What the panels of a dashboard show over a time, asked of Prometheus."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reduse.monitoring.dashboards.definition import RATE_INTERVAL, Board, Kind, Panel, Query
from reduse.store.answer import Course
from reduse.store.client import StoreClient

POINTS = 240
"""Values of a line."""

_FEWEST_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Window:
    """Unix seconds, and the values that a line has in it."""

    begin: float
    end: float
    points: int = POINTS + 1

    @property
    def step(self) -> float:
        return max(1.0, (self.end - self.begin) / (self.points - 1))


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a panel, by the name that its legend gives."""

    name: str
    course: Course


@dataclass(frozen=True, slots=True)
class Shown:
    panel: Panel
    lines: Sequence[Line]


def chosen(board: Board, given: Mapping[str, str]) -> dict[str, str]:
    """The value of each of the board's variables: what is given, else its default."""
    return {variable.name: given.get(variable.name, variable.default) for variable in board.variables}


def ask(client: StoreClient, panel: Panel, values: Mapping[str, str], window: Window) -> Shown:
    """The panel with its lines; none where there is no data. Raises QueryError."""
    if panel.kind is Kind.BARS:
        return newest(client, panel, values, window)
    lines: list[Line] = []
    for query in panel.queries:
        expr = with_values(query.expr, values, window)
        lines += _lines(panel, query, client.courses(expr, window.begin, window.end, window.step))
    return Shown(panel, lines)


def newest(client: StoreClient, panel: Panel, values: Mapping[str, str], window: Window) -> Shown:
    """The same with the values at the window's end alone."""
    lines: list[Line] = []
    for query in panel.queries:
        samples = client.query(with_values(query.expr, values, window), window.end)
        courses = (Course(sample.labels, (sample.time,), (sample.value,)) for sample in samples)
        lines += _lines(panel, query, courses)
    return Shown(panel, lines)


def _lines(panel: Panel, query: Query, courses: Iterable[Course]) -> Iterator[Line]:
    """What has no number at all is no line: the panel says "No data", and draws no zero."""
    for course in courses:
        if any(map(math.isfinite, course.values)):
            yield Line(_name(query.legend, course.labels) or panel.title, course)


def with_values(expr: str, values: Mapping[str, str], window: Window) -> str:
    """The expression without variables."""
    interval = f"{max(_FEWEST_SECONDS, round(4 * window.step))}s"
    return re.sub(r"\$([a-zA-Z_]\w*)", lambda found: values[found[1]], expr.replace(RATE_INTERVAL, interval))


def _name(legend: str, labels: Mapping[str, str]) -> str:
    return re.sub(r"{{(\w+)}}", lambda found: labels.get(found[1], ""), legend).strip()
