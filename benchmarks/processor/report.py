"""The figures, for people and for scripts."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from benchmarks.distro.estimate import Estimate
from benchmarks.processor.memory import BYTES_PER_USER, Memory
from benchmarks.processor.prometheus_way import PROMETHEUS_WAY
from benchmarks.processor.rounds import Measurement
from benchmarks.processor.served import SERVED_DURABLE, SERVED_WITH_HISTORY
from benchmarks.processor.small_windows import SmallWindows
from benchmarks.processor.subjects import TITLES
from benchmarks.processor.traffic import INSTANCES, Traffic
from benchmarks.processor.worker import DECODE_TO_STATE, PARSE_ONLY

# At least so many times the other's data points; and at most so many bytes.
RATIO_GOALS = {
    (DECODE_TO_STATE, PARSE_ONLY): 0.35,
    (SERVED_DURABLE, PARSE_ONLY): 0.2,
    (SERVED_DURABLE, PROMETHEUS_WAY): 20.0,
    (SERVED_WITH_HISTORY, SERVED_DURABLE): 0.75,
}
MOST_BYTES_PER_USER = 100.0
# At most so much.
SMALL_WINDOWS_GOALS = SmallWindows(0.3, 0.2, 20_000, 10)


@dataclass(frozen=True)
class Report:
    """All that was measured; `missing`: what could not be, and why."""

    users: int
    users_per_export: int
    measured: Measurement
    memory: Memory | None
    small: SmallWindows | None
    missing: Mapping[str, str]

    @classmethod
    def of(
        cls,
        traffic: Traffic,
        measured: Measurement,
        memory: Memory | None,
        small: SmallWindows | None,
        missing: Mapping[str, str],
    ) -> "Report":
        return cls(traffic.users, traffic.users_per_export, measured, memory, small, missing)


@dataclass(frozen=True)
class _Goal:
    name: str
    measured: float | None
    shown: str
    bound: str
    goal: float
    reached: bool | None


def as_dict(report: Report) -> dict[str, Any]:
    """All figures; None for what was not measured. Intervals of the median are of 95 %."""
    measured, memory = report.measured, report.memory
    figures: dict[str, Any] = {
        "rounds": measured.rounds,
        "users": report.users,
        "users_per_export": report.users_per_export,
        "instances": INSTANCES,
    }
    for name in TITLES:
        found = measured.estimate(name)
        figures[f"{name}_dps"] = {**_figures(found), "overall": round(measured.overall(name))} if found else None
    for upper, lower in RATIO_GOALS:
        ratio = measured.ratio(upper, lower)
        figures[f"{upper}_over_{lower}"] = round(ratio[0], 4) if ratio else None
        figures[f"{upper}_over_{lower}_interval"] = [round(end, 4) for end in ratio[1:]] if ratio else None
    figures[BYTES_PER_USER] = round(memory.held, 1) if memory else None
    figures["memory"] = _rounded(asdict(memory)) if memory else None
    figures |= _of_small_windows(report)
    figures["goals"] = {
        goal.name: {"measured": goal.measured, "goal": goal.goal, "reached": goal.reached} for goal in _goals(report)
    }
    figures["missing"] = dict(report.missing)
    return figures


def _of_small_windows(report: Report) -> dict[str, float | None]:
    return {
        name: None if report.small is None else round(getattr(report.small, name), 4)
        for name in asdict(SMALL_WINDOWS_GOALS)
    }


def _figures(found: Estimate) -> dict[str, Any]:
    return {
        "median": round(found.median),
        "interval": [round(found.low), round(found.high)],
        "quartiles": [round(found.lower_quartile), round(found.upper_quartile)],
        "rounds": found.rounds,
    }


def _rounded(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _rounded(value) if isinstance(value, Mapping) else round(value, 2) for name, value in figures.items()}


def _goals(report: Report) -> Iterator[_Goal]:
    for (upper, lower), least in RATIO_GOALS.items():
        ratio = report.measured.ratio(upper, lower)
        name = f"{upper}_over_{lower}"
        if ratio is None:
            yield _Goal(name, None, "-", "at least", least, None)
        else:
            value, low, high = ratio
            shown = f"{value:.3g} ({low:.3g} … {high:.3g})"
            yield _Goal(name, round(value, 4), shown, "at least", least, value >= least)
    yield _at_most(BYTES_PER_USER, None if report.memory is None else round(report.memory.held, 1), MOST_BYTES_PER_USER)
    for name, figure in _of_small_windows(report).items():
        yield _at_most(name, figure, getattr(SMALL_WINDOWS_GOALS, name))


def _at_most(name: str, measured: float | None, most: float) -> _Goal:
    if measured is None:
        return _Goal(name, None, "-", "at most", most, None)
    return _Goal(name, measured, f"{measured:,.4g}", "at most", most, measured <= most)


def tables(report: Report) -> Group:
    """What was measured, what it is held against, where the memory is, and what is missing."""
    parts: list[Table | Text] = [_rates_table(report)]
    if report.memory is not None:
        parts += [Text(), _memory_table(report.memory)]
    parts += [Text(), _goals_table(report)]
    parts += [Text(f"{name} was not measured: {reason}") for name, reason in report.missing.items()]
    return Group(*parts)


def _rates_table(report: Report) -> Table:
    title = f"Data points a second of CPU, {report.measured.rounds} rounds, {report.users_per_export:,} users an export"
    table = Table(title=title, title_justify="left")
    table.add_column("way")
    for column in ("median", "95 % of the median", "middle half of the rounds", "all rounds"):
        table.add_column(column, justify="right")
    for name, title in TITLES.items():
        found = report.measured.estimate(name)
        if found is None:
            table.add_row(title, "-", "-", "-", "-")
        else:
            table.add_row(
                title,
                f"{found.median:,.0f}",
                f"{found.low:,.0f} … {found.high:,.0f}",
                f"{found.lower_quartile:,.0f} … {found.upper_quartile:,.0f}",
                f"{report.measured.overall(name):,.0f}",
            )
    return table


def _memory_table(memory: Memory) -> Table:
    table = Table(title=f"Bytes for each of {memory.users:,} users", title_justify="left")
    table.add_column("what")
    table.add_column("bytes", justify="right")
    table.add_row("the state, as resident memory", f"{memory.held:.1f}")
    for name, size in sorted(memory.by_part.items(), key=lambda part: -part[1]):
        table.add_row(f"  arrays of {name}", f"{size:.1f}")
    table.add_row("with what was free but not given back", f"{memory.resident:.1f}")
    table.add_row("at its peak", f"{memory.peak:.1f}")
    return table


def _goals_table(report: Report) -> Table:
    table = Table(title="Goals", title_justify="left")
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_column("goal", justify="right")
    for goal in _goals(report):
        colour = {True: "green", False: "red", None: "dim"}[goal.reached]
        table.add_row(goal.name, f"[{colour}]{goal.shown}[/]", f"{goal.bound} {goal.goal:g}")
    return table
