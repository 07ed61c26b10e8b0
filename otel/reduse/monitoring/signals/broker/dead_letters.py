"""Dead letters: messages that no consumer could process, in the queues behind dead-letter exchanges."""

from reduse.monitoring.dashboards.definition import Panel, Query, Threshold
from reduse.monitoring.definition import Alert, Method, Of, Row, Rule, Ruled, Shown, Signal
from reduse.monitoring.groups import QUEUE
from reduse.monitoring.windows import SECONDS_STALE_AT_5_S
from reduse.watch.text import Text

BOARD = "reduse-queue"

ANY = (Threshold(1, "orange"),)
"""Every dead letter needs attention."""

SIGNAL = Signal(
    name="dead_letters",
    of=Of.BROKER,
    rank=60,
    rules=(
        Ruled(
            QUEUE,
            (
                Rule(
                    "job_queue:rabbitmq_dead_letters:sum",
                    'sum by (job, instance, vhost, queue) (job_queue_state:rabbitmq_messages:sum{role="dead_letter"})',
                ),
                Alert(
                    "DeadLettersArriving",
                    "delta(job_queue:rabbitmq_dead_letters:sum[1m]) > 0",
                    severity="warning",
                    # Dead letters come in bursts, and each burst is one incident.
                    keep="5m",
                    summary="Messages arrive in the dead-letter queue {{ $labels.queue }} of {{ $labels.job }}",
                    description=(
                        'About {{ $value | printf "%.0f" }} messages that no service could process arrived in the last '
                        "minute in {{ $labels.queue }} in the virtual host {{ $labels.vhost }} of "
                        "{{ $labels.instance }}. Each of them is work that was not done. First, read the log of the "
                        "service that rejects them."
                    ),
                    board=BOARD,
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            BOARD,
            "Errors",
            Panel(
                "Dead letters",
                "Messages in the dead-letter queues: no service could process them, and they stay until somebody "
                "removes them.",
                (Query("job_queue:rabbitmq_dead_letters:sum", "{{job}} {{vhost}} {{queue}}"),),
                "short",
                thresholds=ANY,
                alerts=("DeadLettersArriving",),
            ),
        ),
        # As measured by the consuming services.
        Shown(
            BOARD,
            "Errors",
            Panel(
                "Failed messages per second",
                "Messages that a consumer could not process, by service and queue.",
                (Query("job_queue:messages_failed:rate > 0", "{{job}}: {{queue}}"),),
                "ops",
                alerts=("DeadLettersArriving",),
                may_be_empty=True,
            ),
        ),
    ),
    row=Row(
        title=Text("Number of dead-letter-exchange letters"),
        motivation=Text(
            "Errors in the exchange between systems: each dead letter is a message that no service could process."
        ),
        labels=("vhost", "queue"),
        method=Method.USE,
        unit="{message}",
        # A broker without a dead-letter queue has the value 0 and does not count as missing.
        value=(
            'sum by (vhost, queue) (job_queue:rabbitmq_dead_letters:sum{job="$job"})'
            ' or sum(job_instance_role:rabbitmq_queues:sum{job="$job",role="dead_letter"}) == 0'
        ),
        sources=(
            'rabbitmq_message_current{rabbitmq_queue_role="dead_letter"}',
            'reduse_rabbitmq_queues{rabbitmq_queue_role="dead_letter"}',
        ),
        maximum_age=SECONDS_STALE_AT_5_S,
        panel_unit="short",
        legend="{{vhost}} {{queue}}",
        alerts=("DeadLettersArriving",),
        thresholds=ANY,
    ),
)
