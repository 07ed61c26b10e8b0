"""Ready messages: their number, its growth, and the time that the consumers need for them."""

from reduse.monitoring.dashboards.definition import Panel, Query, warn_at
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import QUEUE

BOARD = "reduse-queue"

TOO_MANY = 10_000
"""Number of ready messages for which a consumer needs minutes."""

SIGNAL = Signal(
    name="waiting",
    of=Of.BROKER,
    rank=40,
    rules=(
        Ruled(
            QUEUE,
            (
                # Messages in other queues are not expected to be consumed.
                Rule(
                    "job_queue:rabbitmq_messages_ready:sum",
                    promql("""
                        sum by (job, instance, vhost, queue) (
                          job_queue_state:rabbitmq_messages:sum{state="ready",role!~"dead_letter|stream|retry|consumerless"}
                        )
                    """),
                ),
                Rule(
                    "job_queue:rabbitmq_messages_ready:deriv5m",
                    "deriv(job_queue:rabbitmq_messages_ready:sum[5m])",
                ),
                Rule(
                    "job_queue:rabbitmq_acknowledged:rate1m",
                    promql("""
                        sum by (job, instance, vhost, queue) (
                          label_replace(
                            label_replace(
                              rate(rabbitmq_message_acknowledged_total[1m]),
                              "queue", "$1", "rabbitmq_queue_name", "(.*)"
                            ),
                            "vhost", "$1", "rabbitmq_vhost_name", "(.*)"
                          )
                        )
                    """),
                ),
                Rule(
                    "job_queue:rabbitmq_drain_seconds:ratio",
                    "job_queue:rabbitmq_messages_ready:sum / (job_queue:rabbitmq_acknowledged:rate1m > 0)",
                ),
                # Too many messages would wait within an hour. At least 50, because the slope of a few predicts nothing.
                Alert(
                    "QueueGrowing",
                    promql(f"""
                        clamp_min({TOO_MANY} - job_queue:rabbitmq_messages_ready:sum, 0)
                        / (job_queue:rabbitmq_messages_ready:deriv5m > 0.05) < 3600
                        and job_queue:rabbitmq_messages_ready:sum > 50
                    """),
                    severity="warning",
                    wait="1m",
                    summary="{{ $labels.queue }} of {{ $labels.job }} grows faster than it is consumed",
                    description=(
                        f"At this rate {TOO_MANY:,} messages will wait in {{{{ $value | humanizeDuration }}}} in "
                        "{{ $labels.queue }} in the virtual host {{ $labels.vhost }} of {{ $labels.instance }}: "
                        "messages "
                        "are processed late. First, check whether the consumers are busy or fail."
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
                "Ready messages",
                "Messages that wait for a consumer, by virtual host and queue.",
                (Query("job_queue:rabbitmq_messages_ready:sum", "{{job}} {{vhost}} {{queue}}"),),
                "short",
                alerts=("QueueGrowing",),
            ),
        ),
        Shown(
            BOARD,
            "Saturation",
            Panel(
                "Time to drain",
                "How long the consumers need for the ready messages at the pace of the last minute. No value while "
                "nothing is acknowledged.",
                (Query("job_queue:rabbitmq_drain_seconds:ratio", "{{job}} {{vhost}} {{queue}}"),),
                "s",
                thresholds=warn_at(60, 600),
                alerts=("QueueGrowing",),
                may_be_empty=True,
            ),
        ),
    ),
)
