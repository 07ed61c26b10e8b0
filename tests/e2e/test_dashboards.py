"""Every query of every panel has data on the running stack, under load; so have the variables."""

import re
from collections.abc import Iterator

import pytest

from reduse.monitoring.dashboards.definition import Board
from reduse.store.answer import Sample
from reduse.store.client import StoreClient
from tests.e2e.panels import empty_panels, values, with_values
from tests.e2e.stack import Stack
from tests.reference import BOARDS
from tests.waiting import wait_until

pytestmark = [pytest.mark.server, pytest.mark.e2e]

LOAD_SECONDS = 900


@pytest.fixture(scope="module")
def loaded(stack: Stack) -> Iterator[StoreClient]:
    load = stack.start_load(LOAD_SECONDS, 40)
    yield stack.prometheus
    load.stop()


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_every_panel_shows_data(loaded: StoreClient, board: Board) -> None:
    try:
        wait_until(lambda: empty_panels(loaded, board) == [], "data in every panel")
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
