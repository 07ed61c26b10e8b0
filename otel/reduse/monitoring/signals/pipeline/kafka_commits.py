"""Offset commits of the workers to Kafka."""

from reduse.monitoring.dashboards.definition import Panel, Query, Threshold
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal
from reduse.monitoring.groups import MONITORING, PIPELINE

BOARD = "reduse-pipeline"

FAILED = "job_instance:processor_kafka_commits_failed:increase2m"

SIGNAL = Signal(
    name="kafka_commits",
    of=Of.PIPELINE,
    rank=79,
    rules=(
        Ruled(
            PIPELINE,
            (Rule(FAILED, "sum by (job, instance) (increase(reduse_processor_kafka_commits_failed_total[2m]))"),),
        ),
        Ruled(
            MONITORING,
            (
                # During a rebalance some commits fail and are repeated.
                Alert(
                    "KafkaCommitsFailing",
                    f"{FAILED} > 0",
                    severity="warning",
                    wait="5m",
                    summary="Kafka accepts no offset commits from the worker {{ $labels.instance }}",
                    description=(
                        "Offset commits of the worker {{ $labels.instance }} have failed for 7 minutes, "
                        "{{ $value | humanize }} of them in the last 2. The worker still counts, but a worker that "
                        "takes "
                        "over its partitions has to read everything since the last commit again, and loses what Kafka "
                        "has deleted by then. First, look up the error in the worker's log."
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
                "Failed offset commits in 2 minutes",
                "Offset commits that Kafka did not accept. Some fail during a rebalance and are repeated.",
                (Query(FAILED, "{{instance}}"),),
                "short",
                thresholds=(Threshold(1, "orange"),),
                alerts=("KafkaCommitsFailing",),
                width=12,
                may_be_empty=True,
            ),
        ),
    ),
)
