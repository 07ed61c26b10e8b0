"""The overview dashboard: one panel for each of the twelve rows, in the order of the table, as Grafana's JSON."""

import json

from reduse.monitoring.signals import SIGNALS, Signal

DATA_SOURCE = {"type": "prometheus", "uid": "prometheus"}
"""As provisioned in grafana/provisioning/datasources."""

PANEL_WIDTH = 8
PANEL_HEIGHT = 8
GRID_WIDTH = 24
"""Grafana's own: a dashboard is 24 columns wide."""

SCHEMA_VERSION = 39
"""Of the dashboard's JSON: Grafana 11 and later read it as it is."""


def panel(signal: Signal, position: int) -> dict[str, object]:
    """The panel of one row; `position` counts from 0, left to right and down."""
    columns = GRID_WIDTH // PANEL_WIDTH
    return {
        "id": signal.number,
        "type": "timeseries",
        "title": f"{signal.number}. {signal.service}: {signal.title.en}",
        "description": signal.motivation.en,
        "datasource": DATA_SOURCE,
        "gridPos": {
            "x": position % columns * PANEL_WIDTH,
            "y": position // columns * PANEL_HEIGHT,
            "w": PANEL_WIDTH,
            "h": PANEL_HEIGHT,
        },
        "targets": [
            {
                "refId": "A",
                "datasource": DATA_SOURCE,
                "expr": signal.value,
                "legendFormat": signal.panel.legend,
                "range": True,
            }
        ],
        "fieldConfig": {
            "defaults": {
                "unit": signal.panel.unit,
                "min": 0,
                "custom": {
                    "drawStyle": "line",
                    "fillOpacity": 10,
                    "showPoints": "never",
                    "stacking": {"mode": "normal" if signal.panel.stacked else "none", "group": "A"},
                },
            },
            "overrides": [],
        },
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
    }


def overview(signals: tuple[Signal, ...] = SIGNALS) -> dict[str, object]:
    """The dashboard of all rows."""
    return {
        "uid": "reduse-overview",
        "title": "Overview: the twelve signals",
        "description": "RED of the three services, USE of MES, the queue and the databases, in the order of the table.",
        "tags": ["reduse"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "5s",
        "time": {"from": "now-15m", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": []},
        "templating": {"list": []},
        "links": [],
        "panels": [panel(signal, position) for position, signal in enumerate(signals)],
    }


def overview_document(signals: tuple[Signal, ...] = SIGNALS) -> str:
    """The file `grafana/dashboards/overview.json`, as text."""
    return json.dumps(overview(signals), indent=2, ensure_ascii=False) + "\n"
