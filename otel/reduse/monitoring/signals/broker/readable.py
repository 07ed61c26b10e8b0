"""Whether the monitoring can read a broker: as a whole, in its parts, and each of its virtual hosts."""

from reduse.monitoring.dashboards.definition import Panel, Query
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import QUEUE

BOARD = "reduse-queue"

SIGNAL = Signal(
    name="readable",
    of=Of.BROKER,
    rank=90,
    rules=(
        Ruled(
            QUEUE,
            (
                # 0 with the reason while it cannot be read as a whole or in part; its other metrics are then missing.
                Rule(
                    "job_instance_reason:rabbitmq_up:min",
                    "min by (job, instance, reason) (last_over_time(reduse_rabbitmq_up[30s]) and reduse_rabbitmq_up)",
                ),
                Rule(
                    "job_instance_part_reason:rabbitmq_readable:min",
                    promql("""
                        min by (job, instance, part, reason) (
                          last_over_time(reduse_rabbitmq_readable[30s]) and reduse_rabbitmq_readable
                        )
                    """),
                ),
                Rule(
                    "job_instance_vhost:rabbitmq_readable:min",
                    promql("""
                        min by (job, instance, vhost) (
                          label_replace(
                            last_over_time(reduse_rabbitmq_vhost_readable[30s]) and reduse_rabbitmq_vhost_readable,
                            "vhost", "$1", "rabbitmq_vhost_name", "(.*)"
                          )
                        )
                    """),
                ),
                # If the broker cannot be read as a whole, its parts have no series of their own.
                Alert(
                    "BrokerUnreadable",
                    "job_instance_reason:rabbitmq_up:min == 0",
                    severity="critical",
                    wait="30s",
                    summary="{{ $labels.job }} cannot be monitored: {{ $labels.reason }}",
                    description=(
                        "The monitoring has not been able to read {{ $labels.instance }} for 30 s (reason: "
                        "{{ $labels.reason }}), so its metrics are missing. Messages may still flow. First, check "
                        "whether the broker and its management plugin run."
                    ),
                    board=BOARD,
                ),
                Alert(
                    "BrokerUnreadable",
                    "job_instance_part_reason:rabbitmq_readable:min == 0",
                    severity="warning",
                    wait="30s",
                    summary="The {{ $labels.part }} of {{ $labels.job }} cannot be monitored: {{ $labels.reason }}",
                    description=(
                        "The monitoring has not been able to read the {{ $labels.part }} of {{ $labels.instance }} for "
                        "30 s (reason: {{ $labels.reason }}), so the metrics about it are missing. First, look up the "
                        "reason in the runbook."
                    ),
                    board=BOARD,
                ),
                Alert(
                    "BrokerVhostUnreadable",
                    "job_instance_vhost:rabbitmq_readable:min == 0",
                    severity="warning",
                    wait="30s",
                    summary="The monitoring has no access to the virtual host {{ $labels.vhost }} of {{ $labels.job }}",
                    description=(
                        "The queues of {{ $labels.vhost }} on {{ $labels.instance }} are not monitored, and no other "
                        "alert can report their problems. First, give the monitoring access: rabbitmqctl "
                        "set_permissions -p '{{ $labels.vhost }}' monitoring '' '' ''"
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
                "Monitoring access",
                "1: the monitoring can read the broker, part or virtual host. 0: it cannot, for the reason in the "
                "legend, and its metrics are not current.",
                (
                    Query("job_instance_reason:rabbitmq_up:min", "{{job}} {{instance}} {{reason}}"),
                    Query("job_instance_part_reason:rabbitmq_readable:min", "{{job}} {{instance}} {{part}} {{reason}}"),
                    Query("job_instance_vhost:rabbitmq_readable:min", "{{job}} {{instance}} virtual host {{vhost}}"),
                ),
                "short",
                alerts=("BrokerUnreadable", "BrokerVhostUnreadable"),
                maximum=1,
                width=24,
            ),
        ),
    ),
)
