"""Shards of a service that are joined in Kafka: whether all of them report in time."""

from reduse.monitoring.dashboards.definition import RATE_INTERVAL, Panel, Query, Threshold
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import MONITORING, PIPELINE

BOARD = "reduse-pipeline"

INCOMPLETE = "job:processor_kafka_windows_incomplete:increase10m"

SIGNAL = Signal(
    name="kafka_join",
    of=Of.PIPELINE,
    rank=79,
    rules=(
        Ruled(
            PIPELINE,
            (
                # A number of windows, which `increase` would extrapolate to a fraction.
                Rule(
                    INCOMPLETE,
                    promql("""
                        sum by (job) (
                          max_over_time(reduse_processor_kafka_windows_incomplete_total[10m])
                          - min_over_time(reduse_processor_kafka_windows_incomplete_total[10m])
                        )
                    """),
                ),
            ),
        ),
        Ruled(
            MONITORING,
            (
                Alert(
                    "KafkaWindowsIncomplete",
                    f"{INCOMPLETE} > 0",
                    severity="critical",
                    summary="Per-user windows were closed before all shards had reported",
                    description=(
                        "In the last 10 minutes {{ $value | humanize }} windows were closed before all shards of their "
                        "service had reported. The users of the missing shards are not in them and are counted in "
                        "later windows instead, so rates are first too low and then too high. First, check whether a "
                        "worker is down or behind."
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
                "Windows waiting for shards",
                "Windows that some but not all shards of a service have closed. Close to zero except while a worker "
                "is replaced.",
                (Query("sum by (instance) (reduse_processor_kafka_windows_waiting)", "{{instance}}"),),
                "short",
                width=12,
                may_be_empty=True,
            ),
        ),
        Shown(
            BOARD,
            "Kafka",
            Panel(
                "Late partial results",
                "Partial results per second that came after their window was closed, counted in the next window; and "
                "windows closed without a shard.",
                (
                    Query(
                        f'sum(rate(reduse_processor_kafka_partials_total{{outcome="late"}}[{RATE_INTERVAL}]))',
                        "late",
                    ),
                    Query(INCOMPLETE, "incomplete windows in 10 minutes"),
                ),
                "short",
                thresholds=(Threshold(1, "red"),),
                alerts=("KafkaWindowsIncomplete",),
                width=12,
                may_be_empty=True,
            ),
        ),
    ),
)
