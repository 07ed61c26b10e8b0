"""The dashboards, as data and as Grafana's files."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from reduse.monitoring import grafana
from reduse.monitoring.dashboards.all import BOARDS
from reduse.monitoring.dashboards.definition import RATE_INTERVAL, WIDTH, Board
from reduse.monitoring.dashboards.overview import OVERVIEW
from reduse.monitoring.reference_rows import SIGNALS

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "grafana"
RECORDED_NAME = re.compile(r"\b[a-z_]+:[a-z_]+:[a-z_0-9]+\b")

each_board = pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)


def panels(board: Board) -> list[dict[str, Any]]:
    """Of Grafana's file, those that are not headings."""
    return [panel for panel in json.loads(grafana.document(board))["panels"] if panel["type"] != "row"]


def rules() -> list[dict[str, Any]]:
    files = (ROOT / "prometheus/rules").glob("*.yaml")
    groups = [group for file in files for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def test_every_row_has_a_panel_in_the_order_of_the_table() -> None:
    shown = list(OVERVIEW.sections[-1].panels)
    assert [panel.queries[0].expr for panel in shown] == [row.value for row in SIGNALS]
    for panel, row in zip(shown, SIGNALS, strict=True):
        assert panel.title.startswith(f"{row.number}. {row.service}: ")
        assert "SignalMissing" in panel.alerts


@each_board
def test_no_panel_lies_on_another_or_outside(board: Board) -> None:
    cells: set[tuple[int, int]] = set()
    for panel in json.loads(grafana.document(board))["panels"]:
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= WIDTH
        own = {(grid["x"] + x, grid["y"] + y) for x in range(grid["w"]) for y in range(grid["h"])}
        assert not own & cells
        cells |= own


@each_board
def test_the_file_shows_what_the_definition_says(board: Board) -> None:
    for drawn, panel in zip(panels(board), board.panels, strict=True):
        assert drawn["title"] == panel.title
        assert [target["expr"] for target in drawn["targets"]] == [query.expr for query in panel.queries]
        assert drawn["fieldConfig"]["defaults"]["unit"] == panel.unit
        assert [link["url"].rsplit("/", 1)[1] for link in drawn.get("links", [])] == [
            f"{alert}.md" for alert in panel.alerts
        ]


@each_board
def test_panels_ask_the_provisioned_data_source(board: Board) -> None:
    provisioned = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yaml").read_text(encoding="utf-8"))
    [source] = provisioned["datasources"]
    for panel in panels(board):
        for asked in (panel, *panel["targets"]):
            assert asked["datasource"] == {"type": source["type"], "uid": source["uid"]}


@each_board
def test_every_panel_says_what_it_shows_and_has_a_unit(board: Board) -> None:
    """And no two series of a panel have one name by mistake: what is asked for has a legend."""
    for panel in board.panels:
        assert panel.title
        assert panel.description.endswith(".")
        assert panel.unit
        assert panel.queries
        assert all(query.legend for query in panel.queries)


@each_board
def test_a_rate_that_is_drawn_fits_the_resolution_at_which_it_is_drawn(board: Board) -> None:
    """Or it comes from a rule, which has a window of its own."""
    for panel in board.panels:
        for query in panel.queries:
            windows = re.findall(r"(?:rate|increase|delta)\([^()]*\[([^\]]+)\]", query.expr)
            assert set(windows) <= {RATE_INTERVAL}, query.expr


@each_board
def test_nobody_edits_a_dashboard_that_is_written_again(board: Board) -> None:
    assert json.loads(grafana.document(board))["editable"] is False


@each_board
def test_numbers_in_a_file_are_different(board: Board) -> None:
    numbers = [panel["id"] for panel in json.loads(grafana.document(board))["panels"]]
    assert len(set(numbers)) == len(numbers)


def test_every_recorded_name_that_a_panel_shows_is_recorded() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    shown = {
        name
        for board in BOARDS
        for panel in board.panels
        for query in panel.queries
        for name in RECORDED_NAME.findall(query.expr)
    }
    assert shown <= recorded


def test_every_alert_has_a_panel_and_every_alert_of_a_panel_exists() -> None:
    alerts = {rule["alert"] for rule in rules() if "alert" in rule}
    assert {alert for board in BOARDS for panel in board.panels for alert in panel.alerts} == alerts


def test_the_dashboard_that_an_alert_names_exists_and_shows_it() -> None:
    about = {f"/d/{board.uid}": {alert for panel in board.panels for alert in panel.alerts} for board in BOARDS}
    for rule in rules():
        if "alert" in rule:
            assert rule["alert"] in about[rule["annotations"]["dashboard"]], rule["alert"]


def test_variables_are_used_and_what_is_used_is_a_variable() -> None:
    for board in BOARDS:
        used = {
            name
            for panel in board.panels
            for query in panel.queries
            for name in re.findall(r"\$(\w+)", query.expr)
            if not name.startswith("__")
        }
        assert used == {variable.name for variable in board.variables}


def test_no_file_lies_there_that_no_dashboard_makes() -> None:
    assert {path.stem for path in (GRAFANA / "dashboards").glob("*.json")} == {board.name for board in BOARDS}


def test_addresses_and_folders_of_grafana_come_from_the_environment() -> None:
    source = (GRAFANA / "provisioning/datasources/prometheus.yaml").read_text(encoding="utf-8")
    provider = (GRAFANA / "provisioning/dashboards/reduse.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(source)["datasources"][0]["url"] == "$REDUSE_PROMETHEUS_URL"
    assert yaml.safe_load(provider)["providers"][0]["options"]["path"] == "$REDUSE_DASHBOARDS_DIR"
