"""Memory and disk of a broker, relative to the limits at which it blocks publishers."""

from reduse.monitoring.dashboards.definition import Panel, Query, Threshold, warn_at
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import QUEUE

BOARD = "reduse-queue"

SIGNAL = Signal(
    name="resources",
    of=Of.BROKER,
    rank=70,
    rules=(
        Ruled(
            QUEUE,
            (
                Rule(
                    "job_instance:rabbitmq_memory:ratio",
                    promql("""
                        sum by (job, instance) (last_over_time(rabbitmq_node_mem_used[30s]))
                        / sum by (job, instance) (last_over_time(rabbitmq_node_mem_limit[30s]))
                    """),
                ),
                # Free disk space relative to the limit: at 1, publishers are blocked.
                Rule(
                    "job_instance:rabbitmq_disk_reserve:ratio",
                    promql("""
                        min by (job, instance) (last_over_time(rabbitmq_node_disk_free[30s]))
                        / max by (job, instance) (last_over_time(rabbitmq_node_disk_free_limit[30s]))
                    """),
                ),
                Rule(
                    "job_instance:rabbitmq_alarms:sum",
                    promql("""
                        sum by (job, instance) (last_over_time(rabbitmq_node_mem_alarm[30s]))
                        + sum by (job, instance) (last_over_time(rabbitmq_node_disk_free_alarm[30s]))
                    """),
                ),
                Alert(
                    "BrokerAlarm",
                    "job_instance:rabbitmq_alarms:sum > 0",
                    severity="critical",
                    summary="{{ $labels.job }} blocks its publishers",
                    description=(
                        "{{ $labels.instance }} has reached its memory or disk limit and accepts no message until it "
                        "is "
                        "below the limit again. First, look for a queue that is not consumed."
                    ),
                    board=BOARD,
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            BOARD,
            "Saturation",
            Panel(
                "Broker memory usage",
                "Memory in use as a fraction of the limit at which the broker blocks publishers.",
                (Query("job_instance:rabbitmq_memory:ratio", "{{job}} {{instance}}"),),
                "percentunit",
                thresholds=warn_at(0.7, 0.9),
                alerts=("BrokerAlarm",),
            ),
        ),
        Shown(
            BOARD,
            "Errors",
            Panel(
                "Resource alarms",
                "Memory and disk alarms in effect. While there is one, the broker blocks publishers.",
                (Query("job_instance:rabbitmq_alarms:sum", "{{job}} {{instance}}"),),
                "short",
                thresholds=(Threshold(1, "red"),),
                alerts=("BrokerAlarm",),
            ),
        ),
    ),
)
