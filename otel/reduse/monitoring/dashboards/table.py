"""The rows of a company's table as panels."""

from collections.abc import Sequence

from reduse.monitoring.dashboards.definition import Kind, Panel, Section
from reduse.monitoring.dashboards.names import readable
from reduse.monitoring.table import CompanyRow

MANY_ROWS = 24
"""With more rows, those of each part are folded, because each open panel queries Prometheus every few seconds."""

ROWS_OF_A_PAGE = 200
"""With more rows, the table continues in another dashboard: Kubernetes accepts objects of up to 1 MiB."""


def pages(rows: Sequence[CompanyRow]) -> list[tuple[Section, ...]]:
    """The sections of each page (at least one page): all rows in one section, or one section for each part."""
    if len(rows) <= MANY_ROWS:
        return [(Section("The company's table", tuple(map(row_panel, rows))),) if rows else ()]
    by_part: dict[str, list[CompanyRow]] = {}
    for row in rows:
        by_part.setdefault(row.job, []).append(row)
    made: list[list[Section]] = [[]]
    room = ROWS_OF_A_PAGE
    for found in by_part.values():
        if len(found) > room and made[-1]:
            made.append([])
            room = ROWS_OF_A_PAGE
        room -= len(found)
        made[-1].append(Section(found[0].service.read(), tuple(map(row_panel, found)), folded=True))
    return [tuple(page) for page in made]


def row_panel(row: CompanyRow) -> Panel:
    """The panel of the row."""
    definition = row.definition
    return readable(
        Panel(
            title=f"{row.number}. {row.service.read()}: {row.title.read()}",
            description=" ".join(filter(None, (row.motivation.read(), definition.window))),
            queries=definition.queries_of(row.job),
            unit=definition.panel_unit,
            kind=Kind.STACKED if definition.stacked else Kind.LINES,
            thresholds=definition.thresholds,
            alerts=("SignalMissing", *definition.alerts),
            colors=definition.colors,
        )
    )
