"""The number of queues of a broker by role, including roles with no queue."""

from reduse.monitoring.dashboards.definition import Kind, Panel, Query
from reduse.monitoring.definition import Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import QUEUE

SIGNAL = Signal(
    name="queues",
    of=Of.BROKER,
    rank=5,
    rules=(
        Ruled(
            QUEUE,
            (
                Rule(
                    "job_instance_role:rabbitmq_queues:sum",
                    promql("""
                        sum by (job, instance, role) (
                          label_replace(
                            last_over_time(reduse_rabbitmq_queues[30s]) and reduse_rabbitmq_queues,
                            "role", "$1", "rabbitmq_queue_role", "(.*)"
                          )
                        )
                    """),
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            "reduse-queue",
            "Utilisation",
            Panel(
                "Queues",
                "Number of queues by the role that the monitoring assigns to them. Only work queues must have a "
                "consumer.",
                (Query("job_instance_role:rabbitmq_queues:sum", "{{job}} {{instance}} {{role}}"),),
                "short",
                Kind.STACKED,
            ),
        ),
    ),
)
