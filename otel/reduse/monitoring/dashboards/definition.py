"""The parts of a dashboard, independent of Grafana."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from reduse.monitoring.dashboards.colors import NamedColor

WIDTH = 24
"""Number of columns of a dashboard."""

RATE_INTERVAL = "$__rate_interval"
"""In a query: a window that matches the resolution of the graph."""


class Kind(StrEnum):
    LINES = "lines"
    STACKED = "stacked"
    NUMBER = "number"
    """The newest value of each series, as a number."""
    BARS = "bars"
    """The newest value of each series as a bar, in the order of the query."""
    HEATMAP = "heatmap"
    """The buckets of a histogram, by `le`."""


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL and the legend of its series, with `{{label}}` for the value of a label."""

    expr: str
    legend: str = ""
    exemplars: bool = False


@dataclass(frozen=True, slots=True)
class Threshold:
    """Values from `value` on have this `color`."""

    value: float
    color: str


def warn_at(warning: float, critical: float) -> tuple[Threshold, ...]:
    """Thresholds for a value of which more is worse."""
    return Threshold(warning, "orange"), Threshold(critical, "red")


@dataclass(frozen=True, slots=True)
class Panel:
    """`unit` is Grafana's id of the unit; `alerts`: names of the alerts about it, whose runbooks it links to.

    `maximum`: end of the axis. `may_be_empty`: normally there is no data. `colors`: of series whose meaning has a fixed
    color; all others take the next color of a palette.
    """

    title: str
    description: str
    queries: tuple[Query, ...]
    unit: str
    kind: Kind = Kind.LINES
    thresholds: tuple[Threshold, ...] = ()
    alerts: tuple[str, ...] = ()
    maximum: float | None = None
    width: int = 8
    height: int = 8
    may_be_empty: bool = False
    colors: tuple[NamedColor, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """`folded`: its panels are hidden, and run no queries, until somebody opens it."""

    title: str
    panels: tuple[Panel, ...]
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """A value that the viewer selects: one of `label` of the series `metric`; initially `default` if there is one."""

    name: str
    label: str
    metric: str
    default: str
    selector: str = ""

    @property
    def query(self) -> str:
        """The query in the syntax of Grafana's Prometheus data source."""
        return f"label_values({self.metric}{self.selector}, {self.label})"


@dataclass(frozen=True, slots=True)
class Board:
    """The address of the dashboard is /d/`uid`."""

    uid: str
    title: str
    description: str
    sections: tuple[Section, ...]
    variables: tuple[Variable, ...] = field(default=())

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.uid.removeprefix("reduse-")

    @property
    def panels(self) -> Iterator[Panel]:
        for section in self.sections:
            yield from section.panels
