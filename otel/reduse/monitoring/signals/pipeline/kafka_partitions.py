"""Kafka partitions: whether each has a worker, and how often they are reassigned."""

from reduse.monitoring.dashboards.definition import RATE_INTERVAL, Panel, Query
from reduse.monitoring.definition import Alert, Of, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import MONITORING

BOARD = "reduse-pipeline"

SIGNAL = Signal(
    name="kafka_partitions",
    of=Of.PIPELINE,
    rank=77,
    rules=(
        Ruled(
            MONITORING,
            (
                # Before the brokers have responded, no worker knows the number of partitions, and each has none.
                # Without any worker none of these series exists; then MonitoringPartDown fires.
                Alert(
                    "KafkaPartitionsNotTaken",
                    promql("""
                        max by (job) (reduse_processor_kafka_topic_partitions)
                        - sum by (job) (reduse_processor_kafka_partitions) > 0
                        or sum by (job) (reduse_processor_kafka_partitions) == 0
                    """),
                    severity="critical",
                    # A failed worker is detected after ten seconds; then other workers load its partitions.
                    wait="1m",
                    summary=(
                        "{{ if eq $value 0.0 }}No Kafka partition{{ else }}Not every Kafka partition{{ end }} has a "
                        "worker"
                    ),
                    description=(
                        "{{ if eq $value 0.0 }}The workers that respond have no partition at all and do not know how "
                        "many "
                        "there are{{ else }}The workers that respond have {{ $value }} partitions fewer than the topic "
                        "has{{ end }}. The users in the other partitions are not counted until a worker takes them; "
                        "nothing is lost as long as Kafka keeps the records. First, check whether the broker and all "
                        "workers run."
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
                "Partitions assigned to each worker",
                "Together the workers must have all partitions of the topic of exports.",
                (
                    Query("sum by (instance) (reduse_processor_kafka_partitions)", "{{instance}}"),
                    Query("sum(reduse_processor_kafka_partitions)", "all workers"),
                    Query("max(reduse_processor_kafka_topic_partitions)", "the topic"),
                ),
                "short",
                alerts=("KafkaPartitionsNotTaken",),
                may_be_empty=True,
            ),
        ),
        Shown(
            BOARD,
            "Kafka",
            Panel(
                "Rebalances",
                "How often partitions were assigned to a worker or revoked from it, for example because a worker "
                "started or stopped.",
                (
                    Query(
                        f"sum by (instance) (increase(reduse_processor_kafka_rebalances_total[{RATE_INTERVAL}]))",
                        "{{instance}}",
                    ),
                ),
                "short",
                alerts=("KafkaPartitionsNotTaken",),
                may_be_empty=True,
            ),
        ),
    ),
)
