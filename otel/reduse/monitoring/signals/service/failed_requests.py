"""Requests answered with 5xx, which count as bad in availability objectives."""

from reduse.monitoring.dashboards.definition import Panel, Query, warn_at
from reduse.monitoring.definition import Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import OBJECTIVES
from reduse.monitoring.signals.service import boards
from reduse.monitoring.signals.service.counted_requests import COUNT, COUNTED, NATIVE, NOT_COUNTED

FAILED = "job:http_requests_failed:rate5m"

_5XX = 'http_response_status_code=~"5.."'

SIGNAL = Signal(
    name="failed_requests",
    of=Of.SERVICE,
    rank=22,
    rules=(
        Ruled(
            OBJECTIVES,
            (
                # Without a failure the series does not exist: the value is then 0, which is not the same as no data.
                Rule(
                    FAILED,
                    promql(f"""
                        sum by (job) (
                          (rate({COUNT}{{{_5XX}}}[5m]) or histogram_count(rate({NATIVE}{{{_5XX}}}[5m])))
                          unless on (job, http_route) {NOT_COUNTED}
                        )
                        or 0 * {COUNTED}
                    """),
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            boards.RED,
            "Rate, errors, duration",
            Panel(
                "Error ratio",
                "Fraction of requests answered with 5xx over the last 5 minutes, health checks not included.",
                (Query(f'{FAILED}{{job="$job"}} / {COUNTED}{{job="$job"}}', "failed"),),
                "percentunit",
                thresholds=warn_at(0.005, 0.072),
                alerts=("ErrorBudgetBurning",),
            ),
        ),
    ),
)
