"""The page: one self-contained HTML file."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from reduse.monitoring.dashboards.definition import WIDTH, Board, Section
from reduse.operation.report.asking import Shown, Window
from reduse.operation.report.drawing import legend, svg
from reduse.store.answer import Sample

_STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5rem auto; max-width: 84rem; padding: 0 1rem; color: #222; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.25rem; margin: 2rem 0 .25rem; }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; color: #555; border-bottom: 1px solid #ddd; }
nav a { margin-right: 1rem; } .about { color: #555; margin: 0 0 .5rem; }
.grid { display: grid; grid-template-columns: repeat(24, 1fr); gap: .75rem; }
figure { margin: 0; border: 1px solid #ddd; border-radius: 4px; padding: .5rem; min-width: 0; }
figcaption { font-weight: 600; } figure p { color: #666; font-size: 12px; margin: 0; }
svg { width: 100%; height: auto; }
figure ul { list-style: none; margin: 0; padding: 0; font-size: 11px; max-height: 4.5em; overflow: auto; }
figure li { display: inline-block; margin-right: .75rem; } li i { display: inline-block; width: .9em; height: .3em; }
li i { margin-right: .35em; vertical-align: middle; }
.empty { color: #999; padding: 2rem; text-align: center; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .2rem .75rem .2rem 0; }
.critical { color: #b00; font-weight: 600; } .warning { color: #b60; }
@media (max-width: 60rem) { figure { grid-column: span 24 !important; } }
@media print { figure { break-inside: avoid; } }
"""


def page(boards: Sequence[tuple[Board, Sequence[Shown]]], alerts: Sequence[Sample], window: Window) -> str:
    """All dashboards, and the alerts that fire."""
    begin, end = (
        f"{datetime.fromtimestamp(moment).astimezone():%Y-%m-%d %H:%M:%S %Z}" for moment in (window.begin, window.end)
    )
    links = "".join(f'<a href="#{board.name}">{escape(board.title)}</a>' for board, _ in boards)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>reduse: report</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body>\n<h1>Report</h1>"
        f'<p class="about">{escape(begin)} to {escape(end)}</p><nav>{links}</nav>\n{_alerts(alerts)}\n'
        + "\n".join(_board(board, shown, window) for board, shown in boards)
        + "\n</body></html>\n"
    )


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M:%S %Z}"


def _alerts(alerts: Sequence[Sample]) -> str:
    if not alerts:
        return '<h2 id="alerts">Alerts</h2><p>None fires.</p>'
    rows = "".join(
        f'<tr><td class="{escape(alert.labels["severity"])}">{escape(alert.labels["severity"])}</td>'
        f"<td>{escape(alert.labels['alertname'])}</td><td>{escape(_others(alert))}</td></tr>"
        for alert in sorted(alerts, key=lambda alert: (alert.labels["severity"], alert.labels["alertname"]))
    )
    return f'<h2 id="alerts">Alerts</h2><table>{rows}</table>'


def _others(alert: Sample) -> str:
    own = {"__name__", "alertname", "alertstate", "severity"}
    return ", ".join(f"{name}={value}" for name, value in sorted(alert.labels.items()) if name not in own)


def _board(board: Board, shown: Sequence[Shown], window: Window) -> str:
    panels = iter(shown)
    found = [(section, [next(panels) for _ in section.panels]) for section in board.sections]
    sections = "".join(
        f'<h3>{escape(section.title)}</h3><div class="grid">'
        + "".join(_figure(each, window) for each in drawn)
        + "</div>"
        for section, drawn in found
        if not _is_of_something_else(section, drawn)
    )
    return f'<h2 id="{board.name}">{escape(board.title)}</h2><p class="about">{escape(board.description)}</p>{sections}'


def _is_of_something_else(section: Section, shown: Sequence[Shown]) -> bool:
    """Whether it is about a part that is not in use, so that nothing in it is missing."""
    return section.folded and all(each.panel.may_be_empty and not each.lines for each in shown)


def _figure(shown: Shown, window: Window) -> str:
    drawing = svg(shown, window) if shown.lines else '<div class="empty">No data</div>'
    # Never narrower than a third: three to a row, as on the dashboard.
    return (
        f'<figure style="grid-column: span {min(WIDTH, shown.panel.width)}"><figcaption>{escape(shown.panel.title)}'
        f"</figcaption><p>{escape(shown.panel.description)}</p>{drawing}{_legend(shown)}</figure>"
    )


def _legend(shown: Shown) -> str:
    names = "".join(f'<li><i style="background:{color}"></i>{escape(name)}</li>' for name, color in legend(shown))
    return f"<ul>{names}</ul>" if names else ""
