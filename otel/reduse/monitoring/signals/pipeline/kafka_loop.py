"""The main loop of a Kafka worker: whether it is stuck, which the consumer group does not notice."""

from reduse.monitoring.dashboards.definition import Panel, Query, warn_at
from reduse.monitoring.definition import Alert, Of, Ruled, Shown, Signal
from reduse.monitoring.groups import MONITORING

BOARD = "reduse-pipeline"

AGE = "max by (job, instance) (reduse_processor_kafka_loop_age_seconds)"
# Longer than the usual wait for the state of a partition or for an unavailable broker.
HANGS_SECONDS = 30

SIGNAL = Signal(
    name="kafka_loop",
    of=Of.PIPELINE,
    rank=79,
    rules=(
        Ruled(
            MONITORING,
            (
                # For five minutes its library reports it as alive, so no other worker takes its partitions.
                Alert(
                    "KafkaWorkerHangs",
                    f"{AGE} > {HANGS_SECONDS}",
                    severity="critical",
                    wait="30s",
                    summary="The Kafka worker {{ $labels.instance }} hangs",
                    description=(
                        "The main loop of the worker {{ $labels.instance }} has been stuck for {{ $value | "
                        "humanizeDuration }}, and no other worker takes its partitions. The users in these partitions "
                        "are not counted; nothing is lost as long as Kafka keeps the records. First, read the last "
                        "lines of the worker's log."
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
                "Time since the last loop iteration",
                "For each worker: a fraction of a second, longer while it loads the state of a partition.",
                (Query(AGE, "{{instance}}"),),
                "s",
                thresholds=warn_at(10, HANGS_SECONDS),
                alerts=("KafkaWorkerHangs",),
                width=12,
                may_be_empty=True,
            ),
        ),
    ),
)
