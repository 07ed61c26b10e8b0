"""`./reduse report`: ask, draw, write."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from reduse.errors import StackError
from reduse.monitoring.dashboards.definition import Board
from reduse.operation.report.asking import Window, ask, chosen
from reduse.operation.report.page import page
from reduse.store.client import StoreClient

FIRING = 'ALERTS{alertstate="firing",severity!="none"}'


def write(
    client: StoreClient,
    target: Path,
    seconds: float,
    shown: Sequence[Board],
    given: Mapping[str, Mapping[str, str]],
    told: Callable[[str], None],
    end: float | None = None,
) -> int:
    """Write the page about the `seconds` until `end`, now by default; how many panels have data.

    `shown`: the dashboards; `given`: values of their variables, by the dashboard's name.

    Raises:
        QueryError: Prometheus does not answer.
        StackError: the file cannot be written.
    """
    end = time.time() if end is None else end
    window = Window(end - seconds, end)
    boards = []
    for board in shown:
        told(f"{board.title} …")
        values = chosen(board, given.get(board.name, {}))
        boards.append((board, [ask(client, panel, values, window) for panel in board.panels]))
    text = page(boards, client.query(FIRING, end), window)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StackError(f"{target} cannot be written: {error.strerror}. Choose another with --output.") from None
    return sum(bool(panel.lines) for _, panels in boards for panel in panels)
