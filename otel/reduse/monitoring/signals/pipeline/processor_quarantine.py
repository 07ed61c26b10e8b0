"""Data that the processor has quarantined, because its computation failed on it."""

from reduse.monitoring.dashboards.definition import Panel, Query
from reduse.monitoring.definition import Alert, Of, Ruled, Shown, Signal
from reduse.monitoring.groups import MONITORING

BOARD = "reduse-pipeline"

SIGNAL = Signal(
    name="processor_quarantine",
    of=Of.PIPELINE,
    rank=75,
    rules=(
        Ruled(
            MONITORING,
            (
                # Counted since the start of the processor, so the alert ends with the restart of a fixed version.
                Alert(
                    "ProcessorQuarantined",
                    "sum by (job, instance, what) (reduse_processor_quarantined_total) > 0",
                    severity="warning",
                    summary="The processor has quarantined data: {{ $labels.what }}",
                    description=(
                        "The processor {{ $labels.instance }} has quarantined {{ $value | humanize }} pieces of data "
                        "({{ $labels.what }}) because its computation failed on them. They are not counted; all other "
                        "data is. First, find the error in the log of the processor."
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
                "Quarantined data",
                "Data that the processor's computation failed on and set aside, since the start of the processor.",
                (Query("sum by (what) (reduse_processor_quarantined_total)", "{{what}}"),),
                "short",
                alerts=("ProcessorQuarantined",),
                may_be_empty=True,
            ),
        ),
    ),
)
