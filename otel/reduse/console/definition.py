"""What the page is told once: the company, its table and dashboards, with the definitions that Grafana's come from."""

from collections.abc import Mapping

from reduse.console.panels import RANGES
from reduse.console.translation import LANGUAGES, in_languages
from reduse.monitoring.dashboards.boards import boards
from reduse.monitoring.dashboards.definition import Board, Panel, Section
from reduse.monitoring.dashboards.table import row_panel
from reduse.monitoring.table import CompanyRow, rows
from reduse.watch.company import Company
from reduse.watch.text import Text


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
        "title": _title(row),
        "motivation": _motivation(row),
    }


def _board(board: Board, rows_by_title: Mapping[str, CompanyRow]) -> Mapping[str, object]:
    return {
        "uid": board.uid,
        "title": in_languages(board.title),
        "description": in_languages(board.description),
        "variables": [
            {"name": variable.name, "label": variable.label, "default": variable.default}
            for variable in board.variables
        ],
        "sections": [_section(section, rows_by_title) for section in board.sections],
    }


def _section(section: Section, rows_by_title: Mapping[str, CompanyRow]) -> Mapping[str, object]:
    shown = [(panel, rows_by_title.get(panel.title)) for panel in section.panels]
    # With many rows, those of a part are a section, which is called as the part is.
    part = next((row.service for _, row in shown if row is not None and row.service.read() == section.title), None)
    return {
        "title": in_languages(section.title) if part is None else _languages(part),
        "folded": section.folded,
        "panels": [_panel(panel, row) for panel, row in shown],
    }


def _panel(panel: Panel, row: CompanyRow | None) -> Mapping[str, object]:
    return {
        "title": in_languages(panel.title) if row is None else _title_of_panel(row),
        "description": in_languages(panel.description) if row is None else _about_panel(row),
        "unit": panel.unit,
        "kind": panel.kind.value,
        "maximum": panel.maximum,
        "may_be_empty": panel.may_be_empty,
        "thresholds": [{"value": threshold.value, "color": threshold.color} for threshold in panel.thresholds],
        "colors": [{"pattern": each.pattern, "color": each.color} for each in panel.colors],
        "alerts": panel.alerts,
        "row": None if row is None else row.name,
    }


def _title(row: CompanyRow) -> Mapping[str, str]:
    return _own_or_signals(row.title, row.definition.title)


def _motivation(row: CompanyRow) -> Mapping[str, str]:
    return _own_or_signals(row.motivation, row.definition.motivation)


def _title_of_panel(row: CompanyRow) -> Mapping[str, str]:
    service, title = _languages(row.service), _title(row)
    return {language: f"{row.number}. {service[language]}: {title[language]}" for language in LANGUAGES}


def _about_panel(row: CompanyRow) -> Mapping[str, str]:
    motivation, window = _motivation(row), in_languages(row.definition.window)
    return {language: " ".join(filter(None, (motivation[language], window[language]))) for language in LANGUAGES}


def _own_or_signals(text: Text, of_signal: Text) -> Mapping[str, str]:
    """That of the company's file in its languages; that of the signal, which is English, in those of the page."""
    return in_languages(text.read()) if text == of_signal else _languages(text)


def _languages(text: Text) -> Mapping[str, str]:
    return {language: text.read(language) for language in LANGUAGES}
