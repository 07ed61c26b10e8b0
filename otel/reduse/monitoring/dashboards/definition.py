"""What a dashboard is made of, without anything of Grafana's."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from reduse.monitoring.dashboards.colors import NamedColor

WIDTH = 24
"""Columns of a dashboard."""

RATE_INTERVAL = "$__rate_interval"
"""In a query: a window that fits the resolution at which it is drawn."""


class Kind(StrEnum):
    LINES = "lines"
    STACKED = "stacked"
    NUMBER = "number"
    """The newest value of each series, with its course behind it."""
    BARS = "bars"
    """The newest value of each series, one bar each, in the order of the query."""
    HEATMAP = "heatmap"
    """Of a histogram's buckets, by `le`."""


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL, and the name of one series of it: `{{label}}`."""

    expr: str
    legend: str = ""
    exemplars: bool = False


@dataclass(frozen=True, slots=True)
class Threshold:
    """From `value` on it is drawn in `color`."""

    value: float
    color: str


def warn_at(warning: float, critical: float) -> tuple[Threshold, ...]:
    """More is worse."""
    return Threshold(warning, "orange"), Threshold(critical, "red")


@dataclass(frozen=True, slots=True)
class Panel:
    """`unit` in Grafana's naming; `alerts`: names of those that are about it, each with its runbook.

    `maximum`: of the axis. `may_be_empty`: in good times there is nothing to show. `colors`: of series that have one
    by their meaning; the others take one after the other of a palette.
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
    """`folded`: its panels are drawn, and ask, when whoever looks opens it."""

    title: str
    panels: tuple[Panel, ...]
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """Chosen by whoever looks: a value of `label` of the series `metric`; at first `default`, where there is one."""

    name: str
    label: str
    metric: str
    default: str
    selector: str = ""

    @property
    def query(self) -> str:
        """As Grafana's Prometheus data source asks for it."""
        return f"label_values({self.metric}{self.selector}, {self.label})"


@dataclass(frozen=True, slots=True)
class Board:
    """`uid` is its address: /d/<uid>."""

    uid: str
    title: str
    description: str
    sections: tuple[Section, ...]
    variables: tuple[Variable, ...] = field(default=())

    @property
    def name(self) -> str:
        """Of its file."""
        return self.uid.removeprefix("reduse-")

    @property
    def panels(self) -> Iterator[Panel]:
        for section in self.sections:
            yield from section.panels
