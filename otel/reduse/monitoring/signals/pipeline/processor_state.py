"""The processor's state on disk: its size, and whether it can be written."""

from reduse.monitoring.dashboards.definition import Panel, Query
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal
from reduse.monitoring.groups import MONITORING, PIPELINE

BOARD = "reduse-pipeline"

SIGNAL = Signal(
    name="processor_state",
    of=Of.PIPELINE,
    rank=70,
    rules=(
        Ruled(
            PIPELINE,
            (Rule("job:processor_outbox_bytes:sum", "sum by (job) (reduse_processor_outbox_size_bytes)"),),
        ),
        Ruled(
            MONITORING,
            (
                Alert(
                    "ProcessorStateUnavailable",
                    "min by (job, instance) (reduse_processor_state_available) == 0",
                    severity="critical",
                    wait="15s",
                    summary="The processor cannot write its state",
                    description=(
                        "The processor {{ $labels.instance }} refuses requests because it cannot write its state to "
                        "disk. The agent keeps the data, and per-user metrics are not updated. First, check whether "
                        "the "
                        "disk is full."
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
                "Processor state size",
                "The processor's state on disk, and its outbox: metrics that wait for the gateway.",
                (
                    Query("sum(reduse_processor_state_size_bytes)", "state"),
                    Query("job:processor_outbox_bytes:sum", "outbox"),
                ),
                "bytes",
                alerts=("ProcessorStateUnavailable",),
            ),
        ),
    ),
)
