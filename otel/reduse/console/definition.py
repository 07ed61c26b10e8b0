"""What the page is told once: the company, its table and dashboards, with the definitions that Grafana's come from."""

from collections.abc import Mapping

from reduse.console.panels import RANGES
from reduse.monitoring.dashboards.boards import boards
from reduse.monitoring.dashboards.definition import Board, Panel, Section
from reduse.monitoring.dashboards.table import row_panel
from reduse.monitoring.table import CompanyRow, rows
from reduse.watch.company import Company
from reduse.watch.text import Text

LANGUAGES = ("en", "ru")
"""Of the page."""


def definition(company: Company) -> Mapping[str, object]:
    """As JSON has it."""
    table = rows(company)
    by_title = {row_panel(row).title: row for row in table}
    return {
        "company": _languages(company.company),
        "languages": LANGUAGES,
        "ranges": RANGES,
        "services": [
            {"job": service.job, "title": _languages(service.shown), "users": service.users}
            for service in company.services
        ],
        "rows": [_row(row) for row in table],
        "boards": [_board(board, by_title) for board in boards(company)],
    }


def _row(row: CompanyRow) -> Mapping[str, object]:
    return {
        "row": row.name,
        "number": row.number,
        "service": _languages(row.service),
        "title": _languages(row.title),
        "motivation": _languages(row.motivation),
    }


def _board(board: Board, rows_by_title: Mapping[str, CompanyRow]) -> Mapping[str, object]:
    return {
        "uid": board.uid,
        "title": board.title,
        "description": board.description,
        "variables": [
            {"name": variable.name, "label": variable.label, "default": variable.default}
            for variable in board.variables
        ],
        "sections": [_section(section, rows_by_title) for section in board.sections],
    }


def _section(section: Section, rows_by_title: Mapping[str, CompanyRow]) -> Mapping[str, object]:
    return {
        "title": section.title,
        "folded": section.folded,
        "panels": [_panel(panel, rows_by_title.get(panel.title)) for panel in section.panels],
    }


def _panel(panel: Panel, row: CompanyRow | None) -> Mapping[str, object]:
    return {
        "title": panel.title,
        "description": panel.description,
        "unit": panel.unit,
        "kind": panel.kind.value,
        "maximum": panel.maximum,
        "may_be_empty": panel.may_be_empty,
        "thresholds": [{"value": threshold.value, "color": threshold.color} for threshold in panel.thresholds],
        "colors": [{"pattern": each.pattern, "color": each.color} for each in panel.colors],
        "alerts": panel.alerts,
        "row": None if row is None else row.name,
    }


def _languages(text: Text) -> Mapping[str, str]:
    return {language: text.read(language) for language in LANGUAGES}
