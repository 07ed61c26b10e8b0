"""Deadlocks of a PostgreSQL instance."""

from reduse.monitoring.dashboards.definition import Panel, Query, Threshold
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal
from reduse.monitoring.groups import DATABASES

BOARD = "reduse-databases"

SIGNAL = Signal(
    name="deadlocks",
    of=Of.DATABASE,
    rank=60,
    rules=(
        Ruled(
            DATABASES,
            (
                Rule(
                    "job_instance:postgresql_deadlocks:increase5m",
                    "sum by (job, instance) (increase(postgresql_deadlocks_total[5m]))",
                ),
                Alert(
                    "DatabaseDeadlocks",
                    "job_instance:postgresql_deadlocks:increase5m > 0",
                    severity="warning",
                    summary="Deadlocks in {{ $labels.job }}",
                    description=(
                        'PostgreSQL ended about {{ $value | printf "%.0f" }} transactions of {{ $labels.instance }} '
                        "in the last 5 minutes because they waited for each other. The requests behind them failed or "
                        "were repeated. First, find the two statements in the server's log."
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
                "Deadlocks",
                "Deadlocks detected in the last 5 minutes.",
                (Query('job_instance:postgresql_deadlocks:increase5m{job="$job"}', "{{instance}}"),),
                "short",
                thresholds=(Threshold(0.5, "red"),),
                alerts=("DatabaseDeadlocks",),
            ),
        ),
    ),
)
