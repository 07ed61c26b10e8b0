"""Names of series as a person reads them: instances by the beginning of their UUID, and words where a label is empty.

Both are done in the query, so that Grafana, the report and the console's page show the same. Labels that the query
had are kept: two instances whose UUIDs begin alike stay two series.
"""

from dataclasses import replace

from reduse.monitoring.dashboards.colors import STATUSES
from reduse.monitoring.dashboards.definition import Panel, Query

INSTANCE_NAME = "instance_name"

_UUID = "([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_EMPTY = {"route": "no route", "status": "no status", "service": "no service"}


def readable(panel: Panel) -> Panel:
    """The panel with readable names of its series, and with the colors of HTTP statuses where it tells them apart."""
    queries = tuple(map(_readable, panel.queries))
    by_status = any("{{status}}" in query.legend for query in panel.queries)
    return replace(panel, queries=queries, colors=panel.colors or (STATUSES if by_status else ()))


def _readable(query: Query) -> Query:
    expr, legend = query.expr, query.legend
    if "{{instance}}" in legend:
        expr = f'label_replace({expr}, "{INSTANCE_NAME}", "$1$2", "instance", "{_UUID}|(.*)")'
        legend = legend.replace("{{instance}}", f"{{{{{INSTANCE_NAME}}}}}")
    for label, words in _EMPTY.items():
        if f"{{{{{label}}}}}" in legend:
            expr = f'label_replace({expr}, "{label}", "{words}", "{label}", "")'
    return replace(query, expr=expr, legend=legend)
