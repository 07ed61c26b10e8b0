"""Requests a second of a service, by status.

A histogram is classic (_count, _bucket) or, where the store takes those, native; the parts for native ones find nothing
elsewhere.
"""

from reduse.monitoring.dashboards.definition import Kind, Panel, Query
from reduse.monitoring.definition import Method, Of, Row, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import RED, RED_OF_EXPORTS_EACH_MINUTE, RED_OF_RARE_EXPORTS
from reduse.monitoring.signals.service import boards
from reduse.monitoring.windows import SECONDS_STALE_AT_1_S, WINDOW
from reduse.watch.text import Text


def _rate(seconds: int, step: str) -> str:
    """Requests a second by job and status over the last `seconds`.

    Divided by the part of the window since the service's first sample, where that is a zero: a service that has just
    been started for the first time has its own rate at once. One that is started again has been there before: what it
    missed counts. And of one whose first sample is no zero nobody knows since when it counts. Its first sample is
    looked for in steps no longer than the exports are apart, as a zero and the first number come together.
    """
    window = {15: "15s", 60: "1m", 200: "200s"}[seconds]
    return promql(f"""
        sum by (job, status) (
          label_replace(
            rate(http_server_request_duration_seconds_count[{window}])
            or histogram_count(rate(http_server_request_duration_seconds[{window}])),
            "status", "$1", "http_response_status_code", "(.*)"
          )
        )
        / on (job) group_left () clamp_max(
          (min by (job) (min_over_time(http_server_request_duration_seconds_count[{window}])) > bool 0)
          + (time() - min by (job) (
            min_over_time(timestamp(http_server_request_duration_seconds_count)[{window}:{step}])
            or min_over_time(timestamp(target_info)[{window}:{step}])
          )) / {seconds}
          or count by (job) (http_server_request_duration_seconds_count) * 0 + 1
          or count by (job) (http_server_request_duration_seconds) * 0 + 1, 1
        )
    """)


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
                    _rate(15, "1s")
                    + "\n"
                    + promql("""
                        unless on (job) job:export_interval_seconds:max > 3
                        or job_status:http_requests:rate1m and on (job) job:export_interval_seconds:max > 3 <= 16
                        or job_status:http_requests:rate200s and on (job) job:export_interval_seconds:max > 16
                    """),
                ),
            ),
        ),
        Ruled(
            RED_OF_RARE_EXPORTS,
            (
                Rule(
                    "job_status:http_requests:rate1m",
                    _rate(60, "3s")
                    + "\nunless on (job)"
                    + " (job:export_interval_seconds:max <= 3 or job:export_interval_seconds:max > 16)",
                ),
            ),
        ),
        Ruled(
            RED_OF_EXPORTS_EACH_MINUTE,
            (
                Rule(
                    "job_status:http_requests:rate200s",
                    _rate(200, "15s") + "\nunless on (job) job:export_interval_seconds:max <= 16",
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            boards.RED,
            "Rate, errors, duration",
            Panel(
                "Requests a second, by status",
                f"All requests, also those of probes. 0: no status was sent, as the client had gone. {WINDOW}",
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
            "Load and errors: a drop is users who do not come through, a rise of 5xx is users turned away."
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
