"""The processor's history of users' requests: its size, and whether all windows are kept."""

from reduse.monitoring.dashboards.definition import RATE_INTERVAL, Panel, Query
from reduse.monitoring.definition import Alert, Of, Ruled, Shown, Signal
from reduse.monitoring.groups import MONITORING

BOARD = "reduse-pipeline"

SIGNAL = Signal(
    name="processor_history",
    of=Of.PIPELINE,
    rank=72,
    rules=(
        Ruled(
            MONITORING,
            (
                Alert(
                    "HistoryIncomplete",
                    # Rounded, as increase() extrapolates.
                    "round(sum by (job, instance, reason) "
                    "(increase(reduse_processor_history_windows_dropped_total[5m]))) > 0",
                    severity="warning",
                    summary="The history of users' requests has a gap",
                    description=(
                        "The processor {{ $labels.instance }} could not keep {{ $value | humanize }} seconds of users' "
                        "requests in its history in the last 5 minutes (reason: {{ $labels.reason }}). Replays of this "
                        "time will report a gap. Metrics and alerts are not affected."
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
                "History size",
                "Bytes on disk of the history of users' requests. Beyond its limit the oldest files are deleted.",
                (Query("sum by (instance) (reduse_processor_history_size_bytes)", "{{instance}}"),),
                "bytes",
                may_be_empty=True,
            ),
        ),
        Shown(
            BOARD,
            "Processor",
            Panel(
                "Gaps in the history",
                "Windows (seconds) that could not be kept, by reason, and files that could not be written.",
                (
                    Query(
                        f"sum by (reason) (increase(reduse_processor_history_windows_dropped_total[{RATE_INTERVAL}]))",
                        "windows: {{reason}}",
                    ),
                    Query(f"sum(increase(reduse_processor_history_failures_total[{RATE_INTERVAL}]))", "files"),
                ),
                "short",
                alerts=("HistoryIncomplete",),
                may_be_empty=True,
            ),
        ),
    ),
)
