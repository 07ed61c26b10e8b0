"""Consumer lag: whether the workers keep up with Kafka."""

from reduse.monitoring.dashboards.definition import Panel, Query, warn_at
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import MONITORING, PIPELINE

BOARD = "reduse-pipeline"

WAITING = "job_instance:processor_kafka_lag:sum"
TIME = "job_instance:processor_kafka_lag:seconds"

BEHIND_SECONDS = 60
CAUGHT_UP_SECONDS = 3600
"""A backlog that is processed by then does not fire an alert: it is left from an outage that is over."""

SIGNAL = Signal(
    name="kafka_lag",
    of=Of.PIPELINE,
    rank=76,
    rules=(
        Ruled(
            PIPELINE,
            (
                Rule(WAITING, "sum by (job, instance) (reduse_processor_kafka_lag)"),
                # The number of records alone means nothing, because a worker reads ten or ten thousand per second. At
                # least 0.1 per second is assumed, so that a worker that reads none has a value, too.
                Rule(
                    TIME,
                    promql(f"""
                        {WAITING}
                        / clamp_min(sum by (job, instance) (rate(reduse_processor_kafka_records_total[2m])), 0.1)
                    """),
                ),
            ),
        ),
        Ruled(
            MONITORING,
            (
                # By worker, because the mean would hide a single worker that is stuck.
                Alert(
                    "KafkaWorkerBehind",
                    promql(f"""
                        {TIME} > {BEHIND_SECONDS}
                        and predict_linear({WAITING}[3m], {CAUGHT_UP_SECONDS}) > 0
                    """),
                    severity="warning",
                    wait="5m",
                    summary="The worker {{ $labels.instance }} cannot keep up with Kafka",
                    description=(
                        "At its current rate the worker {{ $labels.instance }} needs {{ $value | humanizeDuration }} "
                        "for "
                        "the records that wait in its partitions, and in an hour some will still wait. Per-user "
                        "metrics "
                        "are delayed; nothing is lost as long as Kafka keeps the records. First, check whether the "
                        "worker uses up its CPU core."
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
                "Consumer lag",
                "Records that wait in each partition. Close to zero, except for a while after an outage.",
                (Query("sum by (topic, partition) (reduse_processor_kafka_lag)", "{{topic}}/{{partition}}"),),
                "short",
                alerts=("KafkaWorkerBehind",),
                width=12,
                may_be_empty=True,
            ),
        ),
        Shown(
            BOARD,
            "Kafka",
            Panel(
                "Time to catch up",
                "How long each worker needs for its consumer lag at the pace of the last 2 minutes.",
                (Query(TIME, "{{instance}}"),),
                "s",
                thresholds=warn_at(15, BEHIND_SECONDS),
                alerts=("KafkaWorkerBehind",),
                width=12,
                may_be_empty=True,
            ),
        ),
    ),
)
