"""Requests and response times of a service by route. Windows are longer than for the whole service, because a route has
fewer requests."""

from reduse.monitoring.dashboards.definition import Kind, Panel, Query
from reduse.monitoring.definition import Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import RED_BY_ROUTE
from reduse.monitoring.signals.service import boards
from reduse.monitoring.signals.service.export_interval import minute_or_longer
from reduse.monitoring.windows import MINUTE_WINDOW

SECTION = "By route"


def _counted(window: str) -> str:
    return (
        f"(rate(http_server_request_duration_seconds_count[{window}])"
        f" or histogram_count(rate(http_server_request_duration_seconds[{window}])))"
    )


SIGNAL = Signal(
    name="routes",
    of=Of.SERVICE,
    rank=40,
    rules=(
        Ruled(
            RED_BY_ROUTE,
            (
                Rule(
                    "job_route_status:http_requests:rate",
                    "sum by (job, route, status) (label_replace(label_replace(\n"
                    + minute_or_longer(_counted)
                    + ',\n"status", "$1", "http_response_status_code", "(.*)"), "route", "$1", "http_route", "(.*)"))',
                ),
                Rule(
                    "job_route:http_request_duration_seconds:quantile5m",
                    promql("""
                        histogram_quantile(
                          0.95,
                          sum by (job, route, le) (
                            label_replace(
                              rate(http_server_request_duration_seconds_bucket[5m]),
                              "route", "$1", "http_route", "(.*)"
                            )
                          )
                        )
                        or histogram_quantile(
                          0.95,
                          sum by (job, route) (
                            label_replace(
                              rate(http_server_request_duration_seconds[5m]), "route", "$1", "http_route", "(.*)"
                            )
                          )
                        )
                    """),
                    {"quantile": "0.95"},
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            boards.RED,
            SECTION,
            Panel(
                "Requests per second by route",
                f"All requests of each route. {MINUTE_WINDOW}",
                (Query('sum by (route) (job_route_status:http_requests:rate{job="$job"})', "{{route}}"),),
                "reqps",
                Kind.STACKED,
            ),
        ),
        Shown(
            boards.RED,
            SECTION,
            Panel(
                "Errors per second by route and status",
                "4xx are errors of the clients, 5xx are errors of the service.",
                (
                    Query(
                        'job_route_status:http_requests:rate{job="$job",status=~"[45].."} > 0', "{{route}} {{status}}"
                    ),
                ),
                "reqps",
                Kind.STACKED,
                alerts=("ErrorBudgetBurning",),
                may_be_empty=True,
            ),
        ),
        Shown(
            boards.RED,
            SECTION,
            Panel(
                "Response time by route (p95)",
                "95 % of the requests of each route are answered within this time, over the last 5 minutes.",
                (Query('job_route:http_request_duration_seconds:quantile5m{job="$job"}', "{{route}}"),),
                "s",
                alerts=("LatencyBudgetBurning",),
            ),
        ),
    ),
)
