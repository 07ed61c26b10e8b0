"""Requests per second of a service by status.

A histogram is classic (_count, _bucket) or, if the store supports it, native; in other stores the expressions for
native histograms find nothing.
"""

from reduse.monitoring.dashboards.definition import Kind, Panel, Query
from reduse.monitoring.definition import Method, Of, Row, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import RED, RED_OF_EXPORTS_EACH_MINUTE, RED_OF_RARE_EXPORTS
from reduse.monitoring.signals.service import boards
from reduse.monitoring.signals.service.export_interval import FREQUENT, RARE, by_interval, unless_known
from reduse.monitoring.signals.service.process_start import over_time_there
from reduse.monitoring.windows import SECONDS_STALE_AT_1_S, WINDOW
from reduse.watch.text import Text

COUNT, NATIVE = "http_server_request_duration_seconds_count", "http_server_request_duration_seconds"


def _rate(seconds: int) -> str:
    """Requests per second by job and status over the last `seconds`."""
    rate = promql(f"""
        sum by (job, status) (
          label_replace(
            rate({COUNT}[{seconds}s])
            or histogram_count(rate({NATIVE}[{seconds}s])),
            "status", "$1", "http_response_status_code", "(.*)"
          )
        )
    """)
    return over_time_there(rate, seconds, by="job", of=f"{COUNT} or {NATIVE}")


SIGNAL = Signal(
    name="requests",
    of=Of.SERVICE,
    rank=10,
    rules=(
        Ruled(
            RED,
            (
                # 15 s: fifteen samples at one a second, so a rate stays exact over the few seconds in which a collector
                # is started again, and a change shows at once.
                Rule(
                    "job_status:http_requests:rate",
                    by_interval(
                        _rate(15),
                        (FREQUENT, "job_status:http_requests:rate1m"),
                        (RARE, "job_status:http_requests:rate200s"),
                    ),
                ),
            ),
        ),
        Ruled(
            RED_OF_RARE_EXPORTS,
            (
                Rule(
                    "job_status:http_requests:rate1m",
                    f"{_rate(60)}\n{unless_known(above=FREQUENT, up_to=RARE)}",
                ),
            ),
        ),
        Ruled(
            RED_OF_EXPORTS_EACH_MINUTE,
            (
                Rule(
                    "job_status:http_requests:rate200s",
                    f"{_rate(200)}\n{unless_known(above=RARE)}",
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            boards.RED,
            "Rate, errors, duration",
            Panel(
                "Requests per second by status",
                "All requests, including health checks. Status 0: the client disconnected before a status was sent. "
                f"{WINDOW}",
                (Query('job_status:http_requests:rate{job="$job"}', "{{status}}"),),
                "reqps",
                Kind.STACKED,
                alerts=("ErrorBudgetBurning",),
            ),
        ),
    ),
    row=Row(
        title=Text("RPS"),
        motivation=Text(
            "Load and errors: a drop means that users do not get through, a rise of 5xx that they get errors."
        ),
        labels=("status",),
        method=Method.RED,
        unit="{request}/s",
        value='sum by (status) (job_status:http_requests:rate{job="$job"})',
        sources=("http_server_request_duration_seconds_count", "http_server_request_duration_seconds"),
        maximum_age=SECONDS_STALE_AT_1_S,
        panel_unit="reqps",
        legend="{{status}}",
        alerts=("ErrorBudgetBurning",),
        stacked=True,
        window=WINDOW,
        follows_exports=True,
    ),
)
