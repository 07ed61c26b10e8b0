"""The figures, for people and for scripts."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group
from rich.table import Table

from benchmarks.distro.estimate import Estimate, estimate, ratio
from benchmarks.distro.export import ExportCost
from benchmarks.distro.footprint import Footprint
from benchmarks.distro.operations import OURS as OURS_OF
from benchmarks.distro.operations import OperationCost
from benchmarks.distro.rounds import Measurement
from benchmarks.distro.subjects import BARE, CONTRIB, OURS, OURS_BY_PATH, Subject

# What the product promises.
MOST_OF_DATABASE = 0.25
MOST_OF_MESSAGING = 0.25
MOST_OF_LIGHTEST = 0.13
MOST_OF_CONTRIB = 0.025
MOST_MEMORY_MB = 12
MOST_THREADS = 2
MOST_START_MS = 100
MOST_BYTES_PER_USER = 300
MOST_EXPORT_CPU_MS = 150
MOST_HOLD_MS = 10


@dataclass(frozen=True)
class Report:
    """All that was measured; `counted` are the requests that the subjects themselves counted."""

    subjects: tuple[Subject, ...]
    measured: Measurement
    counted: Mapping[str, int]
    export: ExportCost
    database: OperationCost
    messaging: OperationCost
    footprints: Mapping[str, Footprint]

    def ratio_to(self, name: str) -> tuple[float, float, float]:
        """What ours adds with users, over what another adds; with its interval."""
        return ratio(self.measured.added_us(OURS), self.measured.added_us(name))


def as_dict(report: Report) -> dict[str, Any]:
    """All figures; times of requests in microseconds of CPU, intervals of the median of 95 %."""
    measured = report.measured
    lightest = measured.lightest()
    to_lightest, to_contrib = report.ratio_to(lightest), report.ratio_to(CONTRIB)
    export = {name: _rounded(value) for name, value in asdict(report.export).items()}
    return {
        "steady": measured.steady,
        "rounds": measured.rounds,
        "bare_us": _figures(estimate(measured.cpu_us[BARE])),
        "added_us": {
            subject.name: {
                **_figures(measured.added(subject.name)),
                "background": _rounded(measured.background_us(subject.name)),
                "requests": measured.requests[subject.name],
                "counted": report.counted.get(subject.name),
            }
            for subject in report.subjects
            if subject.name != BARE
        },
        "lightest": lightest,
        "ratio_lightest": _rounded(to_lightest[0]),
        "ratio_lightest_interval": [_rounded(end) for end in to_lightest[1:]],
        "ratio_contrib": _rounded(to_contrib[0]),
        "ratio_contrib_interval": [_rounded(end) for end in to_contrib[1:]],
        **_operations_dict("database", report.database),
        **_operations_dict("messaging", report.messaging),
        "bytes_per_user": export.pop("bytes_per_user"),
        "export": export,
        "added_footprint": {
            name: {figure: _rounded(value) for figure, value in asdict(footprint).items()}
            for name, footprint in report.footprints.items()
        },
    }


def _operations_dict(kind: str, cost: OperationCost) -> dict[str, Any]:
    ratios = {operation: cost.ratio(operation) for operation in cost.operations}
    return {
        f"ratio_{kind}": {operation: _rounded(found[0]) for operation, found in ratios.items()},
        f"ratio_{kind}_interval": {
            operation: [_rounded(end) for end in found[1:]] for operation, found in ratios.items()
        },
        f"{kind}_us": {
            operation: {
                BARE: _figures(estimate(cost.cpu_us[operation, BARE])),
                **{subject: _figures(cost.added(operation, subject)) for subject in (OURS_OF, CONTRIB)},
            }
            for operation in cost.operations
        },
    }


def _figures(found: Estimate) -> dict[str, Any]:
    return {
        "median": _rounded(found.median),
        "interval": [_rounded(found.low), _rounded(found.high)],
        "quartiles": [_rounded(found.lower_quartile), _rounded(found.upper_quartile)],
        "rounds": found.rounds,
    }


def _rounded(value: float) -> float:
    return round(value, 4)


def tables(report: Report) -> Group:
    """A table of the subjects, one of what they add beside time, and one of what is promised."""
    return Group(_subjects_table(report), "", _footprints_table(report), "", _promises_table(report))


def _footprints_table(report: Report) -> Table:
    titles = {subject.name: subject.title for subject in report.subjects}
    titles[OURS_BY_PATH] = f"{titles[OURS]}, by PYTHONPATH"
    table = Table(title="What a service has more than bare", title_justify="left")
    table.add_column("subject")
    for column in ("memory, MB", "threads", "start, ms", "of it CPU, ms"):
        table.add_column(column, justify="right")
    for name, each in report.footprints.items():
        figures = (
            f"{each.memory_mb:+.1f}",
            f"{each.threads:+.0f}",
            f"{each.start_ms:+.0f}",
            f"{each.start_cpu_ms:+.0f}",
        )
        table.add_row(titles[name], *figures)
    return table


def _subjects_table(report: Report) -> Table:
    measured = report.measured
    rounds = f"{measured.rounds} rounds" + ("" if measured.steady else ", not steady yet")
    table = Table(title=f"CPU µs a request, {rounds}", title_justify="left")
    table.add_column("subject")
    for column in ("added", "95 % of the median", "middle half of the rounds", "of it background", "requests"):
        table.add_column(column, justify="right")
    for subject in report.subjects:
        is_bare = subject.name == BARE
        found = estimate(measured.cpu_us[BARE]) if is_bare else measured.added(subject.name)
        table.add_row(
            subject.title,
            f"({found.median:.1f})" if is_bare else f"{found.median:+.1f}",
            f"{found.low:.1f} … {found.high:.1f}",
            f"{found.lower_quartile:.1f} … {found.upper_quartile:.1f}",
            "" if is_bare else f"{measured.background_us(subject.name):.1f}",
            str(measured.requests[subject.name]),
        )
    return table


def _promises_table(report: Report) -> Table:
    table = Table(title=f"Promises, {report.export.users} users held for those of an export", title_justify="left")
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_column("at most", justify="right")
    for what, measured, most, kept in _promises(report):
        table.add_row(what, f"[{'green' if kept else 'red'}]{measured}[/]", most)
    return table


def _promises(report: Report) -> Iterator[tuple[str, str, str, bool]]:
    lightest = report.measured.lightest()
    titles = {subject.name: subject.title for subject in report.subjects}
    for name, most in ((lightest, MOST_OF_LIGHTEST), (CONTRIB, MOST_OF_CONTRIB)):
        value, low, high = report.ratio_to(name)
        text = f"{value:.3f} ({low:.3f} … {high:.3f})"
        yield f"RED and users, over {titles[name]}", text, str(most), value <= most
    for cost, most in ((report.database, MOST_OF_DATABASE), (report.messaging, MOST_OF_MESSAGING)):
        for operation in cost.operations:
            value, low, high = cost.ratio(operation)
            text = f"{value:.3f} ({low:.3f} … {high:.3f})"
            yield f"an operation of {operation}, over contrib's", text, str(most), value <= most
    export = report.export
    held = export.bytes_per_user
    yield "bytes for each user", f"{held:.0f}", str(MOST_BYTES_PER_USER), held <= MOST_BYTES_PER_USER
    cpu = export.cpu_ms
    yield "CPU of an export, ms", f"{cpu:.1f}", str(MOST_EXPORT_CPU_MS), cpu <= MOST_EXPORT_CPU_MS
    hold = f"{export.hold_ms:.1f} (median {export.median_hold_ms:.1f}; idle {export.idle_hold_ms:.1f})"
    yield "longest hold of the event loop, ms", hold, str(MOST_HOLD_MS), export.hold_ms <= MOST_HOLD_MS
    ours = report.footprints[OURS]
    yield "memory added, MB", f"{ours.memory_mb:.1f}", str(MOST_MEMORY_MB), ours.memory_mb <= MOST_MEMORY_MB
    yield "threads added", f"{ours.threads:.0f}", str(MOST_THREADS), ours.threads <= MOST_THREADS
    by_path = report.footprints[OURS_BY_PATH]
    for how, start_ms in (("", ours.start_ms), (" by PYTHONPATH", by_path.start_ms)):
        yield f"start{how} later by, ms", f"{start_ms:.0f}", str(MOST_START_MS), start_ms <= MOST_START_MS
