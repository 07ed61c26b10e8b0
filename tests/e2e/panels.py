"""What the panels of a dashboard show on a running stack."""

import re

from reduse.monitoring.dashboards.definition import RATE_INTERVAL, Board, Variable
from reduse.store.client import StoreClient

# Windows of Grafana's own variable at the dashboards' quarter of an hour.
INTERVAL = "20s"


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
    # Not `$1`, which is of label_replace.
    return re.sub(r"\$([a-zA-Z_]\w*)", lambda found: chosen[found[1]], expr)
