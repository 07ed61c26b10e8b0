"""Messages in flight: unacknowledged messages and ready ones."""

from reduse.monitoring.dashboards.definition import Kind, Panel, Query
from reduse.monitoring.definition import Method, Of, Row, Rule, Ruled, Shown, Signal
from reduse.monitoring.groups import QUEUE
from reduse.monitoring.windows import SECONDS_STALE_AT_5_S
from reduse.watch.text import Text

SIGNAL = Signal(
    name="messages_in_flight",
    of=Of.BROKER,
    rank=20,
    rules=(
        Ruled(
            QUEUE,
            (
                # Messages in a stream do not wait to be processed.
                Rule(
                    "job_state:rabbitmq_messages_in_flight:sum",
                    'sum by (job, instance, state) (job_queue_state:rabbitmq_messages:sum{role!~"dead_letter|stream"})',
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            "reduse-queue",
            "Utilisation",
            Panel(
                "Messages in flight",
                "Unacknowledged messages are being processed by consumers; ready messages wait for a consumer.",
                (Query("job_state:rabbitmq_messages_in_flight:sum", "{{job}} {{instance}} {{state}}"),),
                "short",
                Kind.STACKED,
                alerts=("QueueGrowing",),
            ),
        ),
    ),
    row=Row(
        title=Text("Number of messages in flight"),
        motivation=Text(
            "Saturation of the queue: unacknowledged messages are being processed; growing ready messages mean that "
            "consumers fall behind."
        ),
        labels=("state",),
        method=Method.USE,
        unit="{message}",
        # A broker without queues has the value 0 and does not count as missing.
        value=(
            'sum by (state) (job_state:rabbitmq_messages_in_flight:sum{job="$job"})'
            ' or sum(job_instance_role:rabbitmq_queues:sum{job="$job",role!="dead_letter",role!="stream"}) == 0'
        ),
        sources=(
            'rabbitmq_message_current{rabbitmq_queue_role!="dead_letter"}',
            'reduse_rabbitmq_queues{rabbitmq_queue_role!="dead_letter"}',
        ),
        maximum_age=SECONDS_STALE_AT_5_S,
        panel_unit="short",
        legend="{{state}}",
        alerts=("QueueGrowing", "ConsumersGone"),
        stacked=True,
    ),
)
