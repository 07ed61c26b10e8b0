"""Every query of every panel has data on the running stack, under load; so have the variables."""

import re
from collections.abc import Iterator

import pytest

from reduse.monitoring.dashboards.definition import RATE_INTERVAL, Board, Variable
from reduse.store.answer import Sample
from reduse.store.client import StoreClient
from tests.e2e.stack import Stack
from tests.ports import wait_until
from tests.reference import BOARDS

pytestmark = [pytest.mark.server, pytest.mark.e2e]

LOAD_SECONDS = 120
# Rates over a minute take two samples, and what is recorded every 15 s comes after them.
WARM_SECONDS = 60
# Windows of Grafana's own variable at the dashboards' quarter of an hour.
INTERVAL = "20s"


@pytest.fixture(scope="module")
def loaded(stack: Stack) -> Iterator[StoreClient]:
    load = stack.start_load(LOAD_SECONDS, 40)
    yield stack.prometheus
    load.stop()


def empty_panels(prometheus: StoreClient, board: Board) -> list[tuple[str, str]]:
    """Title and query of those that have no data and should."""
    chosen = {variable.name: variable.default for variable in board.variables}
    return [
        (panel.title, query.expr)
        for panel in board.panels
        for query in panel.queries
        if not panel.may_be_empty and not prometheus.query(with_values(query.expr, chosen))
    ]


def values(prometheus: StoreClient, variable: Variable, chosen: dict[str, str]) -> set[str]:
    """What the variable can be, as Grafana asks for it."""
    selector = with_values(variable.selector, chosen)
    samples = prometheus.query(f"group by ({variable.label}) ({variable.metric}{selector})")
    return {sample.labels[variable.label] for sample in samples if variable.label in sample.labels}


def with_values(expr: str, chosen: dict[str, str]) -> str:
    expr = expr.replace(RATE_INTERVAL, INTERVAL)
    return re.sub(r"\$(\w+)", lambda found: chosen[found[1]], expr)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_every_panel_shows_data(loaded: StoreClient, board: Board) -> None:
    try:
        wait_until(lambda: empty_panels(loaded, board) == [], WARM_SECONDS, "data in every panel")
    except TimeoutError:
        assert empty_panels(loaded, board) == []
    chosen: dict[str, str] = {}
    for variable in board.variables:
        assert variable.default in values(loaded, variable, chosen)
        chosen[variable.name] = variable.default


def name_of(sample: Sample, legend: str) -> str:
    return re.sub(r"{{(\w+)}}", lambda found: sample.labels.get(found[1], ""), legend)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_series_of_a_panel_can_be_told_apart(loaded: StoreClient, board: Board) -> None:
    chosen = {variable.name: variable.default for variable in board.variables}
    for panel in board.panels:
        names = [
            name_of(sample, query.legend)
            for query in panel.queries
            for sample in loaded.query(with_values(query.expr, chosen))
        ]
        assert len(set(names)) == len(names), panel.title
