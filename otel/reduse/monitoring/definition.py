"""The parts of a signal: recording rules, alerts, panels, and its row in a company's table.

A signal describes a kind of series and names no service, database or broker. Which of these a company has is in its
file (`reduse.watch`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from textwrap import dedent

from reduse.monitoring.dashboards.colors import NamedColor
from reduse.monitoring.dashboards.definition import Panel, Query, Threshold
from reduse.monitoring.promql import escaped
from reduse.watch.text import Text


def promql(text: str) -> str:
    """Multi-line PromQL without the indentation of the code."""
    return dedent(text).strip()


class Of(StrEnum):
    """The kind of part that a signal is about."""

    SERVICE = "service"
    DATABASE = "database"
    BROKER = "broker"
    PIPELINE = "pipeline"
    HOST = "host"


class Method(StrEnum):
    """The monitoring method that a row belongs to."""

    RED = "RED"
    USE = "USE"


@dataclass(frozen=True, slots=True)
class Group:
    """A group of rules in `file`.yaml; `interval` is its evaluation interval, the default of Prometheus if empty.

    `longest`: the maximum to which the interval grows with the number of services, in seconds; 0 if it does not grow.
    """

    file: str
    name: str
    interval: str = ""
    longest: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """A recording rule. `record` is level:metric:operation; level lists the remaining labels."""

    record: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert. Its runbook is `<name>.md` beside the signal's own file.

    `summary` and `description` are Prometheus' templates; `board`: the `uid` of the dashboard that shows it;
    `wait` and `keep`: `for` and `keep_firing_for`, as durations of Prometheus.
    """

    name: str
    expr: str
    severity: str
    summary: str
    description: str
    board: str
    wait: str = ""
    keep: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ruled:
    """Rules and alerts that a signal adds to a group. They are evaluated in this order."""

    group: Group
    rules: tuple[Rule | Alert, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A panel and its place: `board` is the dashboard's `uid`, `section` the title of its section."""

    board: str
    section: str
    panel: Panel


@dataclass(frozen=True, slots=True)
class Row:
    """The signal as a row of a company's table.

    `value`: PromQL of the displayed value, with one series for each combination of `labels`, in `unit` (UCUM); `$job`
    stands for the job. It may be NaN, for example a response time without requests in the window.
    `sources`: plain selectors of its raw series, for all jobs; one of them is enough. `job_label`: their label with the
    job. `maximum_age`: of the newest raw sample, in seconds; it grows with the export interval of the service if
    `follows_exports`.
    `legend`, `stacked`, `window`, `panel_unit`, `thresholds`, `colors`: how it is drawn; `drawn`: what is drawn where
    that is not `value` alone, with `$job` as there; `alerts`: those that are about it.
    `by_default`: whether it is a row for every part of its kind if the company's file names no rows.
    """

    title: Text
    motivation: Text
    labels: tuple[str, ...]
    method: Method
    unit: str
    value: str
    sources: tuple[str, ...]
    maximum_age: float
    panel_unit: str
    legend: str
    alerts: tuple[str, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    stacked: bool = False
    window: str = ""
    by_default: bool = True
    job_label: str = "job"
    follows_exports: bool = False
    drawn: tuple[Query, ...] = ()
    colors: tuple[NamedColor, ...] = ()

    def value_of(self, job: str) -> str:
        """The PromQL for this job."""
        return self.value.replace("$job", escaped(job))

    def queries_of(self, job: str) -> tuple[Query, ...]:
        """What is drawn for this job."""
        queries = self.drawn or (Query(self.value, self.legend),)
        return tuple(replace(query, expr=query.expr.replace("$job", escaped(job))) for query in queries)


@dataclass(frozen=True, slots=True)
class Signal:
    """Everything about one kind of series, in one place.

    `name` is its name in a company's file; `rank` orders signals in a group of rules, and panels in a section.
    """

    name: str
    of: Of
    rank: int
    rules: tuple[Ruled, ...] = ()
    panels: tuple[Shown, ...] = ()
    row: Row | None = None
