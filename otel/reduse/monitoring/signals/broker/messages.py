"""Messages of a queue by their state, and what the queue is for: what the other signals of a broker are made of."""

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
                # A queue is one of a virtual host of a broker; its role is what the receiver found it to be: work,
                # dead_letter, retry, stream, temporary or consumerless. What has ended is marked, and `and` leaves it
                # out at once.
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
