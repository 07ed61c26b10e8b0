"""The dashboards, as data and as Grafana's files."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from reduse.monitoring import grafana, runbooks
from reduse.monitoring.dashboards.boards import boards
from reduse.monitoring.dashboards.colors import (
    GREEN,
    GREY,
    LIGHT_BLUE,
    LIGHT_GREEN,
    LIGHT_ORANGE,
    LIGHT_RED,
    ORANGE,
    RED,
    STATUSES,
    YELLOW,
    color_of,
)
from reduse.monitoring.dashboards.definition import RATE_INTERVAL, WIDTH, Board
from reduse.monitoring.dashboards.table import MANY_ROWS, ROWS_OF_A_PAGE
from reduse.monitoring.origin import Origin
from reduse.operation.report.asking import Window, chosen, with_values
from reduse.watch.company import Company
from reduse.yaml_text import read_yaml, write_yaml
from tests.reference import BOARDS, COMPANY, ROWS
from tests.watch import strategies

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "grafana"
ORIGIN = Origin("watch.yaml")
RECORDED_NAME = re.compile(r"\b[a-z_]+:[a-z_]+:[a-z_0-9]+\b")

FOLDED = boards(strategies.many(20, 5))[0]
each_board = pytest.mark.parametrize(
    "board", [*BOARDS, FOLDED], ids=lambda board: f"{board.name} {len(board.sections)}"
)


def panels(board: Board) -> list[dict[str, Any]]:
    """Of Grafana's file, those that are not headings."""
    return [panel for panel in everything(board) if panel["type"] != "row"]


def everything(board: Board) -> list[dict[str, Any]]:
    """Headings too, and what is folded away below them."""
    found = json.loads(grafana.document(board, ORIGIN))["panels"]
    return [each for panel in found for each in (panel, *panel.get("panels", []))]


def rules() -> list[dict[str, Any]]:
    files = (ROOT / "prometheus/rules").glob("*.yaml")
    groups = [group for file in files for group in read_yaml(file.read_text(encoding="utf-8"))["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def test_every_row_has_a_panel_in_the_order_of_the_table() -> None:
    shown = list(BOARDS[0].sections[-1].panels)
    for panel, row in zip(shown, ROWS, strict=True):
        drawn = " ".join(query.expr for query in panel.queries)
        assert set(RECORDED_NAME.findall(row.value)) <= set(RECORDED_NAME.findall(drawn))
        assert panel.title.startswith(f"{row.number}. {row.service.read()}: ")
        assert "SignalMissing" in panel.alerts


def test_the_dashboards_are_these_in_this_order() -> None:
    names = ["overview", "red", "service-use", "databases", "queue", "users", "pipeline"]
    assert [board.name for board in BOARDS] == names


def test_what_a_company_has_none_of_has_no_dashboard() -> None:
    names = [board.name for board in boards(strategies.ONE_SERVICE)]
    assert names == ["overview", "red", "service-use", "users", "pipeline"]


def test_at_first_the_part_of_the_first_row_of_its_kind_is_shown() -> None:
    found = {board.name: board.variables[0].default for board in boards(COMPANY) if board.variables}
    assert found == {"red": "shop-api", "service-use": "mes-api", "databases": "mes-db", "users": "mes-api"}


def test_without_a_service_nothing_is_chosen_at_first() -> None:
    company = Company.model_validate({"company": "Empty"})
    red = next(board for board in boards(company) if board.name == "red")
    assert red.variables[0].default == ""
    [drawn] = [
        each for each in json.loads(grafana.document(red, ORIGIN))["templating"]["list"] if each["name"] == "job"
    ]
    assert drawn.get("current", {}).get("value", "") == ""


def test_many_rows_are_folded_by_part_and_very_many_go_on_in_further_dashboards() -> None:
    pages = [board for board in boards(strategies.many(200, 50)) if board.name.startswith("overview")]
    assert [page.name for page in pages] == ["overview", *(f"overview-{number}" for number in range(2, len(pages) + 1))]
    rows = [section for page in pages for section in page.sections if section.title != "Now"]
    assert all(section.folded for section in rows)
    assert len(rows) == 251
    assert all(sum(len(s.panels) for s in page.sections if s.folded) <= ROWS_OF_A_PAGE for page in pages)
    titles = [panel.title for section in rows for panel in section.panels]
    assert len(set(titles)) == len(titles) > MANY_ROWS


def test_what_is_about_a_part_that_not_everybody_has_is_folded_and_may_be_empty() -> None:
    [pipeline] = [board for board in BOARDS if board.name == "pipeline"]
    [section] = [section for section in pipeline.sections if section.folded]
    assert section.title == "Kafka"
    assert all(panel.may_be_empty for panel in section.panels)
    asked = [query.expr for panel in section.panels for query in panel.queries]
    assert all("processor_kafka" in expr for expr in asked)


@each_board
def test_no_panel_lies_on_another_or_outside(board: Board) -> None:
    cells: set[tuple[int, int]] = set()
    for panel in json.loads(grafana.document(board, ORIGIN))["panels"]:
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
        assert [link["url"] for link in drawn.get("links", [])] == [runbooks.address(alert) for alert in panel.alerts]


@each_board
def test_panels_ask_the_provisioned_data_source(board: Board) -> None:
    provisioned = read_yaml((GRAFANA / "provisioning/datasources/prometheus.yaml").read_text(encoding="utf-8"))
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
    assert json.loads(grafana.document(board, ORIGIN))["editable"] is False


@each_board
def test_numbers_in_a_file_are_different(board: Board) -> None:
    numbers = [panel["id"] for panel in everything(board)]
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
            for name in re.findall(r"\$([a-zA-Z_]\w*)", query.expr)
            if not name.startswith("__")
        }
        assert used == {variable.name for variable in board.variables}


def test_instances_are_shown_by_short_names_and_an_empty_label_by_words() -> None:
    legends = {(query.legend, query.expr) for board in BOARDS for panel in board.panels for query in panel.queries}
    assert not [legend for legend, _ in legends if "{{instance}}" in legend]
    for legend, expr in legends:
        if "{{route}}" in legend:
            assert '"route", "no route", "route", ""' in expr


@each_board
def test_statuses_have_the_same_colors_wherever_they_are_told_apart(board: Board) -> None:
    for drawn, panel in zip(panels(board), board.panels, strict=True):
        if any("{{status}}" in query.legend for query in panel.queries):
            assert panel.colors == STATUSES
        overrides = drawn["fieldConfig"].get("overrides", [])
        # Of several that match Grafana takes the last, we take the first.
        found = [
            (each["matcher"]["options"].strip("/"), each["properties"][0]["value"]["fixedColor"]) for each in overrides
        ]
        assert found[::-1] == [(each.pattern, each.color) for each in panel.colors]


@pytest.mark.parametrize(
    ("name", "color"),
    [
        ("200", GREEN),
        ("/orders 201", LIGHT_GREEN),
        ("304", LIGHT_BLUE),
        ("400", ORANGE),
        ("404", LIGHT_ORANGE),
        ("429", YELLOW),
        ("500", RED),
        ("no route 503", LIGHT_RED),
        ("requests 5xx", RED),
        ("0", GREY),
        ("no status", GREY),
        ("1200", None),
        ("messages", None),
    ],
)
def test_a_status_is_recognised_by_the_last_word_of_a_name(name: str, color: str | None) -> None:
    assert color_of(name, STATUSES) == color


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not on PATH: install the package prometheus")
def test_prometheus_takes_every_query_of_a_panel(tmp_path: Path) -> None:
    window = Window(0, 900)
    queries = [
        with_values(query.expr, chosen(board, {}), window)
        for board in BOARDS
        for panel in board.panels
        for query in panel.queries
    ]
    entries = [{"record": f"level:query{number}:operation", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "queries.yaml"
    file.write_text(write_yaml({"groups": [{"name": "panels", "rules": entries}]}), encoding="utf-8")
    told = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


def test_no_file_lies_there_that_no_dashboard_makes() -> None:
    assert {path.stem for path in (GRAFANA / "dashboards").glob("*.json")} == {board.name for board in BOARDS}


def test_addresses_and_folders_of_grafana_come_from_the_environment() -> None:
    source = (GRAFANA / "provisioning/datasources/prometheus.yaml").read_text(encoding="utf-8")
    provider = (GRAFANA / "provisioning/dashboards/reduse.yaml").read_text(encoding="utf-8")
    assert read_yaml(source)["datasources"][0]["url"] == "$REDUSE_PROMETHEUS_URL"
    assert read_yaml(provider)["providers"][0]["options"]["path"] == "$REDUSE_DASHBOARDS_DIR"
