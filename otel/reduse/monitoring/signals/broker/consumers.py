"""Consumers of work queues."""

from reduse.monitoring.dashboards.definition import Panel, Query
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import QUEUE

BOARD = "reduse-queue"

SIGNAL = Signal(
    name="consumers",
    of=Of.BROKER,
    rank=30,
    rules=(
        Ruled(
            QUEUE,
            (
                # Only work queues must have a consumer.
                Rule(
                    "job_queue:rabbitmq_consumers:sum",
                    promql("""
                        sum by (job, instance, vhost, queue) (
                          label_replace(
                            label_replace(
                              last_over_time(rabbitmq_consumer_count{rabbitmq_queue_role="work"}[30s])
                              and rabbitmq_consumer_count,
                              "queue", "$1", "rabbitmq_queue_name", "(.*)"
                            ),
                            "vhost", "$1", "rabbitmq_vhost_name", "(.*)"
                          )
                        )
                    """),
                ),
                Alert(
                    "ConsumersGone",
                    "job_queue:rabbitmq_consumers:sum == 0",
                    severity="critical",
                    wait="30s",
                    summary="The queue {{ $labels.queue }} of {{ $labels.job }} has no consumer",
                    description=(
                        "The queue {{ $labels.queue }} in the virtual host {{ $labels.vhost }} of "
                        "{{ $labels.instance }} "
                        "has had no consumer for 30 s, so its messages are not processed. First, check whether the "
                        "consuming service runs."
                    ),
                    board=BOARD,
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            BOARD,
            "Utilisation",
            Panel(
                "Consumers",
                "Consumers of each work queue. Other queues (dead letters, retries, streams) need none and are not "
                "shown.",
                (Query("job_queue:rabbitmq_consumers:sum", "{{job}} {{vhost}} {{queue}}"),),
                "short",
                alerts=("ConsumersGone",),
            ),
        ),
        # As measured by the consuming services.
        Shown(
            BOARD,
            "Utilisation",
            Panel(
                "Consumer utilisation",
                "Time spent processing messages, as measured by the consuming services. 100 % is one consumer that "
                "is never idle.",
                (Query("job_queue:messages_processing:rate", "{{job}}: {{queue}}"),),
                "percentunit",
                alerts=("QueueGrowing",),
            ),
        ),
    ),
)
