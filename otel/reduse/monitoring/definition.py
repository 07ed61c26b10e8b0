"""What a signal is made of: recording rules, alerts, panels, and the row that it has in a company's table.

A signal is about a kind of series, whoever sends them: it names no service, database or broker. Which of them a company
has follows from its file (`reduse.watch`).
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
    """PromQL of several lines, without the indentation that it has in the code."""
    return dedent(text).strip()


class Of(StrEnum):
    """What a signal is about."""

    SERVICE = "service"
    DATABASE = "database"
    BROKER = "broker"
    PIPELINE = "pipeline"
    HOST = "host"


class Method(StrEnum):
    """Method of monitoring that a row belongs to."""

    RED = "RED"
    USE = "USE"


@dataclass(frozen=True, slots=True)
class Group:
    """A group of rules in `file`.yaml; `interval` of its evaluation, Prometheus' own when empty.

    `longest`: seconds to which the interval grows with the number of services, when it does.
    """

    file: str
    name: str
    interval: str = ""
    longest: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """A recording rule. `record` is level:metric:operation, where level lists the labels that are left."""

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
    """Rules and alerts that this signal adds to a group, evaluated in their order."""

    group: Group
    rules: tuple[Rule | Alert, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A panel, and where it stands: `board` by its `uid`, `section` by its title."""

    board: str
    section: str
    panel: Panel


@dataclass(frozen=True, slots=True)
class Row:
    """How the signal is a row of a company's table.

    `value`: PromQL of what is shown, one series for each combination of `labels`, in `unit` (UCUM); `$job` stands for
    the job. It may be NaN: no request in the window, so no response time.
    `sources`: plain selectors of the raw series behind it, of all jobs; one of them is enough. `job_label`: the label
    of these that holds the job. `maximum_age`: seconds, of the newest raw sample; that of a service that exports rarely
    may be older (`follows_exports`).
    `legend`, `stacked`, `window`, `panel_unit`, `thresholds`, `colors`: how it is drawn; `drawn`: what is drawn where
    that is not `value` alone, with `$job` as there; `alerts`: those that are about it.
    `by_default`: whether it is a row of every part of its kind where a company names no rows; others are asked for.
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
    """One concept: all that there is to a kind of series, in one place.

    `name` is what a company's file calls it; `rank` orders signals within a group of rules and panels within a section.
    """

    name: str
    of: Of
    rank: int
    rules: tuple[Ruled, ...] = ()
    panels: tuple[Shown, ...] = ()
    row: Row | None = None
