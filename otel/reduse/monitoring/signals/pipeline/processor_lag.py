"""Age of the newest per-user metrics."""

from reduse.monitoring.dashboards.definition import Panel, Query, warn_at
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal
from reduse.monitoring.groups import MONITORING, PIPELINE

BOARD = "reduse-pipeline"

LATE = 15
"""Seconds."""

SIGNAL = Signal(
    name="processor_lag",
    of=Of.PIPELINE,
    rank=50,
    rules=(
        Ruled(
            PIPELINE,
            (
                Rule(
                    "service:processor_watermark_lag_seconds:max",
                    "max by (service) (reduse_processor_watermark_lag_seconds)",
                ),
            ),
        ),
        Ruled(
            MONITORING,
            (
                Alert(
                    "ProcessorLate",
                    f"service:processor_watermark_lag_seconds:max > {LATE}",
                    severity="warning",
                    wait="15s",
                    summary="Per-user metrics of {{ $labels.service }} are delayed",
                    description=(
                        "The newest per-user metrics of {{ $labels.service }} are {{ $value | humanizeDuration }} "
                        "old; RED "
                        "and USE metrics are not affected. First, check whether one service is delayed or all are."
                    ),
                    board=BOARD,
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            BOARD,
            "Processor",
            Panel(
                "Processor lag",
                "Age of the newest per-user metrics of each service: the current time minus the watermark.",
                (Query("service:processor_watermark_lag_seconds:max", "{{service}}"),),
                "s",
                thresholds=warn_at(5, LATE),
                alerts=("ProcessorLate",),
            ),
        ),
    ),
)
