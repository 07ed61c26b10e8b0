"""Whether the monitoring can read a PostgreSQL instance, and why not."""

from reduse.monitoring.dashboards.definition import Panel, Query
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import DATABASES

BOARD = "reduse-databases"

OF_THE_DATABASE = "exhausted|database_limit|unreachable|timeout|not_ready"
"""Reasons in the database or the network, which affect services, too. All other reasons are in the role, the rights or
the settings of the monitoring."""

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
                # 0 with the reason while it cannot be read; its other metrics are then missing.
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
