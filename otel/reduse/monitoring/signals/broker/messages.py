"""Messages of a queue by state and by the role of the queue; the other signals of a broker are based on it."""

from reduse.monitoring.definition import Of, Rule, Ruled, Signal, promql
from reduse.monitoring.groups import QUEUE

SIGNAL = Signal(
    name="messages",
    of=Of.BROKER,
    rank=10,
    rules=(
        Ruled(
            QUEUE,
            (
                # A queue is identified by broker, virtual host and name. The receiver determines its role: work,
                # dead_letter, retry, stream, temporary or consumerless. Ended series have staleness markers, and `and`
                # excludes them at once.
                Rule(
                    "job_queue_state:rabbitmq_messages:sum",
                    promql("""
                        sum by (job, instance, vhost, queue, role, state) (
                          label_replace(
                            label_replace(
                              label_replace(
                                last_over_time(rabbitmq_message_current[30s]) and rabbitmq_message_current,
                                "queue", "$1", "rabbitmq_queue_name", "(.*)"
                              ),
                              "vhost", "$1", "rabbitmq_vhost_name", "(.*)"
                            ),
                            "role", "$1", "rabbitmq_queue_role", "(.*)"
                          )
                        )
                    """),
                ),
            ),
        ),
    ),
)
