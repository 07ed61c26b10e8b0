"""RED of one service, chosen above: rate, errors, duration, and what of its budget is left."""

from reduse.monitoring.dashboards.definition import (
    RATE_INTERVAL,
    Board,
    Kind,
    Panel,
    Query,
    Section,
    Threshold,
    Variable,
    warn_at,
)
from reduse.monitoring.windows import MINUTE_WINDOW, WINDOW

_BUCKETS = f'sum by (le) (rate(http_server_request_duration_seconds_bucket{{job="$job"}}[{RATE_INTERVAL}]))'

RED = Board(
    "reduse-red",
    "RED of a service",
    "Requests, errors and duration of the service chosen above.",
    (
        Section(
            "Rate, errors, duration",
            (
                Panel(
                    "Requests a second, by status",
                    f"All requests, also those of probes. 0: no status was sent, as the client had gone. {WINDOW}",
                    (Query('job_status:http_requests:rate{job="$job"}', "{{status}}"),),
                    "reqps",
                    Kind.STACKED,
                    alerts=("ErrorBudgetBurning",),
                ),
                Panel(
                    "Part of requests that failed",
                    "Answered with 5xx, over five minutes, without probes.",
                    (Query('job_objective:http_requests_bad:ratio_5m{job="$job",objective="availability"}', "failed"),),
                    "percentunit",
                    thresholds=warn_at(0.005, 0.072),
                    alerts=("ErrorBudgetBurning",),
                ),
                Panel(
                    "Response time",
                    "50, 95 and 99 % of requests are answered within. A dot is one request's trace.",
                    tuple(
                        Query(
                            # Of a service that exports rarely that window may hold too few samples.
                            f"histogram_quantile({quantile}, {_BUCKETS}) or "
                            f'max(job:http_request_duration_seconds:quantile{{job="$job",quantile="{quantile}"}})',
                            f"p{name}",
                            exemplars=True,
                        )
                        for quantile, name in ((0.5, "50"), (0.95, "95"), (0.99, "99"))
                    ),
                    "s",
                    alerts=("LatencyBudgetBurning",),
                ),
            ),
        ),
        Section(
            "By route",
            (
                Panel(
                    "Requests a second, by route",
                    MINUTE_WINDOW,
                    (
                        Query(
                            'sum by (route) (job_route_status:http_requests:rate{job="$job"})',
                            "{{route}}",
                        ),
                    ),
                    "reqps",
                    Kind.STACKED,
                ),
                Panel(
                    "Errors a second, by route and status",
                    "4xx are the clients' doing, 5xx ours.",
                    (
                        Query(
                            'job_route_status:http_requests:rate{job="$job",status=~"[45].."} > 0',
                            "{{route}} {{status}}",
                        ),
                    ),
                    "reqps",
                    Kind.STACKED,
                    alerts=("ErrorBudgetBurning",),
                    may_be_empty=True,
                ),
                Panel(
                    "Response time, by route",
                    "95 % of requests are answered within, over five minutes.",
                    (Query('job_route:http_request_duration_seconds:quantile5m{job="$job"}', "{{route}}"),),
                    "s",
                    alerts=("LatencyBudgetBurning",),
                ),
            ),
        ),
        Section(
            "The budget",
            (
                Panel(
                    "Bad requests over longer windows",
                    "Failed or slow. Each window's alert fires at its own factor times the budget.",
                    tuple(
                        Query(
                            f'job_objective:http_requests_bad:ratio_{window}{{job="$job"}}',
                            f"{{{{objective}}}} {window}",
                        )
                        for window in ("1h", "6h", "3d")
                    ),
                    "percentunit",
                    alerts=("ErrorBudgetBurning", "LatencyBudgetBurning"),
                    width=12,
                ),
                Panel(
                    "Requests under way, and the delay of the event loop",
                    "Saturation of the process: a loop that answers late has used up its CPU time.",
                    (
                        Query('job:http_active_requests:sum{job="$job"}', "requests under way"),
                        Query('job:event_loop_delay_seconds:quantile{job="$job"}', "event loop p99, s"),
                    ),
                    "short",
                    thresholds=(Threshold(100, "orange"),),
                    alerts=("CpuSaturated",),
                    width=12,
                ),
            ),
        ),
    ),
    (Variable("job", "job", "job_status:http_requests:rate", "mes-api"),),
)
