"""The rows of a company's table as panels."""

from collections.abc import Sequence

from reduse.monitoring.dashboards.definition import Kind, Panel, Query, Section
from reduse.monitoring.table import CompanyRow

MANY_ROWS = 24
"""From this many on the rows of each part are folded away: each open panel asks Prometheus every few seconds."""


def sections(rows: Sequence[CompanyRow]) -> tuple[Section, ...]:
    """All rows in one section, or a section for each part when there are many."""
    if not rows:
        return ()
    if len(rows) <= MANY_ROWS:
        return (Section("The table", tuple(map(row_panel, rows))),)
    by_part: dict[str, list[CompanyRow]] = {}
    for row in rows:
        by_part.setdefault(row.job, []).append(row)
    return tuple(
        Section(found[0].service.read(), tuple(map(row_panel, found)), folded=True) for found in by_part.values()
    )


def row_panel(row: CompanyRow) -> Panel:
    """What is shown of the row."""
    definition = row.definition
    return Panel(
        title=f"{row.number}. {row.service.read()}: {row.title.read()}",
        description=" ".join(filter(None, (row.motivation.read(), definition.window))),
        queries=(Query(row.value, definition.legend),),
        unit=definition.panel_unit,
        kind=Kind.STACKED if definition.stacked else Kind.LINES,
        thresholds=definition.thresholds,
        alerts=("SignalMissing", *definition.alerts),
    )
