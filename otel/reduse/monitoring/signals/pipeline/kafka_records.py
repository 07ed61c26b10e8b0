"""Kafka records that are replayed, and those that were deleted before they were counted."""

from reduse.monitoring.dashboards.definition import RATE_INTERVAL, Panel, Query, Threshold
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import MONITORING, PIPELINE

BOARD = "reduse-pipeline"

LOST = "job_instance:processor_kafka_lost:increase1h"

SIGNAL = Signal(
    name="kafka_records",
    of=Of.PIPELINE,
    rank=78,
    rules=(
        Ruled(
            PIPELINE,
            (
                # A worker that starts after an outage may have all lost records in its first sample, so the full value
                # counts for a worker that did not exist an hour ago.
                Rule(
                    LOST,
                    promql("""
                        sum by (job, instance) (
                          (reduse_processor_kafka_lost_total unless reduse_processor_kafka_lost_total offset 1h)
                          or increase(reduse_processor_kafka_lost_total[1h])
                        )
                    """),
                ),
            ),
        ),
        Ruled(
            MONITORING,
            (
                Alert(
                    "KafkaRecordsLost",
                    f"{LOST} > 0",
                    severity="critical",
                    summary="Kafka deleted per-user records before they were counted",
                    description=(
                        "In the last hour the worker {{ $labels.instance }} missed {{ $value | humanize }} records "
                        "that "
                        "Kafka had deleted before the worker read them. Their requests are missing in all per-user "
                        "metrics for good; RED metrics include them. First, make Kafka keep records for longer if the "
                        "loss continues."
                    ),
                    board=BOARD,
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            BOARD,
            "Kafka",
            Panel(
                "Records replayed per second",
                "Records read again after a restart or a rebalance, from the newest snapshot on. Their results are "
                "sent once only.",
                (
                    Query(
                        f"sum by (instance) (rate(reduse_processor_kafka_replayed_total[{RATE_INTERVAL}]))",
                        "{{instance}}",
                    ),
                ),
                "ops",
                may_be_empty=True,
            ),
        ),
        Shown(
            BOARD,
            "Kafka",
            Panel(
                "Records lost in 1 hour",
                "Records that Kafka deleted before a worker read them.",
                (Query(LOST, "{{instance}}"),),
                "short",
                thresholds=(Threshold(1, "red"),),
                alerts=("KafkaRecordsLost",),
                width=12,
                may_be_empty=True,
            ),
        ),
    ),
)
