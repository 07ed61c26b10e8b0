"""The overview dashboard, and how Grafana finds it."""

import json
from pathlib import Path

import yaml

from reduse.monitoring.dashboards import GRID_WIDTH, overview_document
from reduse.monitoring.signals import SIGNALS

GRAFANA = Path(__file__).parents[2] / "grafana"


def test_every_row_has_a_panel_in_the_order_of_the_table() -> None:
    panels = json.loads(overview_document())["panels"]
    assert [panel["targets"][0]["expr"] for panel in panels] == [row.value for row in SIGNALS]
    for panel, row in zip(panels, SIGNALS, strict=True):
        assert panel["title"].startswith(f"{row.number}. {row.service}: ")
        assert panel["description"] == row.motivation.en
        assert panel["fieldConfig"]["defaults"]["unit"] == row.panel.unit


def test_no_panel_lies_on_another_or_outside() -> None:
    cells: set[tuple[int, int]] = set()
    for panel in json.loads(overview_document())["panels"]:
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= GRID_WIDTH
        own = {(grid["x"] + x, grid["y"] + y) for x in range(grid["w"]) for y in range(grid["h"])}
        assert not own & cells
        cells |= own


def test_panels_ask_the_provisioned_data_source() -> None:
    provisioned = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yaml").read_text(encoding="utf-8"))
    [source] = provisioned["datasources"]
    for panel in json.loads(overview_document())["panels"]:
        assert panel["datasource"] == {"type": source["type"], "uid": source["uid"]}


def test_addresses_and_folders_of_grafana_come_from_the_environment() -> None:
    source = (GRAFANA / "provisioning/datasources/prometheus.yaml").read_text(encoding="utf-8")
    provider = (GRAFANA / "provisioning/dashboards/reduse.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(source)["datasources"][0]["url"] == "$REDUSE_PROMETHEUS_URL"
    assert yaml.safe_load(provider)["providers"][0]["options"]["path"] == "$REDUSE_DASHBOARDS_DIR"
