"""The panels of one section of a dashboard, over a range of time: asked whole at first, then column by column."""

from collections.abc import Mapping
from dataclasses import dataclass

from reduse.console.timeline import COLUMNS, Timeline, rounded
from reduse.monitoring.dashboards.definition import Kind, Panel, Section
from reduse.operation.report.asking import Window, ask, newest
from reduse.store.client import QueryRefusedError, StoreClient

RANGES = (900, 3600, 21_600, 86_400)
"""Seconds that a graph may look back."""


@dataclass(slots=True)
class _Drawn:
    panel: Panel
    timeline: Timeline


class SectionFeed:
    """One round asks each panel once, whoever looks."""

    def __init__(self, client: StoreClient, section: Section, values: Mapping[str, str], seconds: int) -> None:
        """`values`: of the dashboard's variables. `seconds`: one of RANGES."""
        self._client = client
        self._values = values
        self.interval = seconds / COLUMNS
        self._drawn = [_Drawn(panel, Timeline(self.interval)) for panel in section.panels]

    def refresh(self, now: float) -> Mapping[str, object]:
        """All series up to the newest whole step before Unix time `now`. Raises QueryError."""
        end = now // self.interval * self.interval
        window = Window(end - (COLUMNS - 1) * self.interval, end, COLUMNS)
        return {
            "end": end,
            "step": self.interval,
            "columns": COLUMNS,
            "panels": [self._panel(drawn, window) for drawn in self._drawn],
        }

    def _panel(self, drawn: _Drawn, window: Window) -> Mapping[str, object]:
        panel, timeline = drawn.panel, drawn.timeline
        try:
            if panel.kind is Kind.BARS:
                found = ask(self._client, panel, self._values, window).lines
                return {"bars": [{"name": line.name, "value": rounded(line.course.values[-1])} for line in found]}
            if timeline.follows(window.end):
                timeline.append(window.end, newest(self._client, panel, self._values, window).lines)
            elif timeline.end != window.end:
                timeline.fill(window.end, ask(self._client, panel, self._values, window).lines)
        except QueryRefusedError as error:
            # One panel that the store does not take leaves the others as they are.
            return {"error": str(error)}
        return timeline.shown()
