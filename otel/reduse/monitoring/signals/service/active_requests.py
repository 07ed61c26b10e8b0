"""Requests in progress in a service: its saturation, together with the event loop delay."""

from reduse.monitoring.dashboards.definition import Panel, Query, Threshold
from reduse.monitoring.definition import Of, Rule, Ruled, Shown, Signal
from reduse.monitoring.groups import USE
from reduse.monitoring.signals.service import boards
from reduse.monitoring.signals.service.export_interval import minute_or_longer

SIGNAL = Signal(
    name="active_requests",
    of=Of.SERVICE,
    rank=115,
    rules=(
        Ruled(
            USE,
            (
                Rule(
                    "job:http_active_requests:sum",
                    minute_or_longer(
                        "sum by (job) (last_over_time(http_server_active_requests[{}]))".format, window="30s"
                    ),
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            boards.RED,
            "Error budget",
            Panel(
                "Requests in progress",
                "Requests that the service has begun to process and has not answered yet, on all its instances.",
                (Query('job:http_active_requests:sum{job="$job"}', "in progress"),),
                "short",
                thresholds=(Threshold(100, "orange"),),
                alerts=("CpuSaturated",),
                width=12,
            ),
        ),
    ),
)
