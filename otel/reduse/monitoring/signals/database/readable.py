"""Whether a PostgreSQL instance can be read, and why not."""

from reduse.monitoring.dashboards.definition import Panel, Query
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import DATABASES

BOARD = "reduse-databases"

OF_THE_DATABASE = "exhausted|database_limit|unreachable|timeout|not_ready"
"""Reasons that are the database's own, or the network's: services will not get on with it either. The others are of the
monitoring's role, rights or settings."""

_DATABASE = "Services probably cannot use it either. First, check whether the server accepts connections."
_MONITORING = (
    "The cause is the role, the rights or the settings of the monitoring, not the database. First, look up the reason "
    "in the runbook."
)


def _unreadable(reasons: str, severity: str, told: str) -> Alert:
    return Alert(
        "DatabaseUnreadable",
        f"job_instance_reason:postgresql_up:min{{{reasons}}} == 0",
        severity=severity,
        wait="30s",
        summary="{{ $labels.job }} cannot be monitored: {{ $labels.reason }}",
        description=(
            "The monitoring has not been able to read {{ $labels.instance }} for 30 s (reason: "
            "{{ $labels.reason }}), so "
            f"its metrics are missing. {told}"
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
                _unreadable(f'reason=~"{OF_THE_DATABASE}"', "critical", _DATABASE),
                _unreadable(f'reason!~"{OF_THE_DATABASE}"', "warning", _MONITORING),
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
