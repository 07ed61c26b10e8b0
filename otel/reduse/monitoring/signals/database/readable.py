"""Whether a PostgreSQL instance can be read, and why not."""

from reduse.monitoring.dashboards.definition import Panel, Query
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import DATABASES

BOARD = "reduse-databases"

OF_THE_DATABASE = "exhausted|database_limit|unreachable|timeout|not_ready"
"""Reasons that are the database's own, or the network's: services will not get on with it either. The others are of the
monitoring's role, rights or settings."""


def _unreadable(reasons: str, severity: str) -> Alert:
    return Alert(
        "DatabaseUnreadable",
        f"job_instance_reason:postgresql_up:min{{{reasons}}} == 0",
        severity=severity,
        wait="30s",
        summary="{{ $labels.job }} cannot be read: {{ $labels.reason }}",
        description=(
            "For 30 s the monitoring has known nothing of {{ $labels.instance }}. The reason is {{ $labels.reason }}."
        ),
        board=BOARD,
    )


SIGNAL = Signal(
    name="readable",
    of=Of.DATABASE,
    rank=90,
    rules=(
        Ruled(
            DATABASES,
            (
                # 0 with the reason while it cannot be read, and then nothing else of it is known.
                Rule(
                    "job_instance_reason:postgresql_up:min",
                    promql("""
                        min by (job, instance, reason) (
                          last_over_time(reduse_postgresql_up[30s]) and reduse_postgresql_up
                        )
                    """),
                ),
                _unreadable(f'reason=~"{OF_THE_DATABASE}"', "critical"),
                _unreadable(f'reason!~"{OF_THE_DATABASE}"', "warning"),
            ),
        ),
    ),
    panels=(
        Shown(
            BOARD,
            "Errors",
            Panel(
                "Monitoring access",
                "1: the monitoring can read the instance. 0: it cannot, for the reason in the legend, and no metric "
                "of the instance is current.",
                (Query('job_instance_reason:postgresql_up:min{job="$job"}', "{{instance}} {{reason}}"),),
                "short",
                alerts=("DatabaseUnreadable",),
                maximum=1,
            ),
        ),
    ),
)
