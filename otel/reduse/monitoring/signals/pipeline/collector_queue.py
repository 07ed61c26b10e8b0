"""The agent's sending queues on disk."""

from reduse.monitoring.dashboards.definition import Panel, Query, warn_at
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import MONITORING, PIPELINE
from reduse.monitoring.signals.pipeline.queues import KEPT

BOARD = "reduse-pipeline"

SIGNAL = Signal(
    name="collector_queue",
    of=Of.PIPELINE,
    rank=10,
    rules=(
        Ruled(
            PIPELINE,
            (
                Rule(
                    "job_instance_exporter:collector_queue:ratio",
                    promql(f"""
                        max by (job, instance, exporter) (otelcol_exporter_queue_size{KEPT})
                        / max by (job, instance, exporter) (otelcol_exporter_queue_capacity{KEPT})
                    """),
                ),
                # Nothing where the queue does not grow.
                Rule(
                    "job_instance_exporter:collector_queue:seconds_to_full",
                    promql("""
                        (1 - job_instance_exporter:collector_queue:ratio)
                        / (deriv(job_instance_exporter:collector_queue:ratio[1m]) > 0)
                        and job_instance_exporter:collector_queue:ratio > 0.001
                    """),
                ),
            ),
        ),
        Ruled(
            MONITORING,
            (
                # More than half full, or full within an hour. An almost empty queue has no meaningful slope.
                Alert(
                    "CollectorQueueFilling",
                    promql("""
                        job_instance_exporter:collector_queue:ratio > 0.5
                        or predict_linear(job_instance_exporter:collector_queue:ratio[5m], 3600) > 1
                        and job_instance_exporter:collector_queue:ratio > 0.001
                    """),
                    severity="warning",
                    wait="30s",
                    summary="The agent's sending queue for {{ $labels.exporter }} is filling up",
                    description=(
                        "The queue on the disk of {{ $labels.instance }} is {{ $value | humanizePercentage }} full, "
                        "now or in an hour at this rate. When it is full, services have to keep their per-user data, "
                        "and scraped values are lost. First, check whether the destination accepts data."
                    ),
                    board=BOARD,
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            BOARD,
            "Collector",
            Panel(
                "Agent queue usage",
                "Used fraction of the agent's sending queues on disk. It grows while the destination does not answer.",
                (Query("job_instance_exporter:collector_queue:ratio", "{{instance}} {{exporter}}"),),
                "percentunit",
                thresholds=warn_at(0.5, 0.8),
                alerts=("CollectorQueueFilling",),
            ),
        ),
        Shown(
            BOARD,
            "Collector",
            Panel(
                "Time until the agent's queue is full",
                "At the rate of the last minute, while a queue grows.",
                (Query("job_instance_exporter:collector_queue:seconds_to_full", "{{instance}} {{exporter}}"),),
                "s",
                # While no queue grows.
                may_be_empty=True,
            ),
        ),
    ),
)
