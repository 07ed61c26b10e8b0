"""Rollback ratio of a PostgreSQL instance."""

from reduse.monitoring.dashboards.definition import Panel, Query, warn_at
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import DATABASES

BOARD = "reduse-databases"

MANY = 0.2
"""Fraction of the transactions."""

SIGNAL = Signal(
    name="rollbacks",
    of=Of.DATABASE,
    rank=50,
    rules=(
        Ruled(
            DATABASES,
            (
                Rule(
                    "job_instance:postgresql_rollbacks:ratio5m",
                    promql("""
                        sum by (job, instance) (rate(postgresql_rollbacks_total[5m]))
                        / (
                          sum by (job, instance) (rate(postgresql_commits_total[5m]))
                          + sum by (job, instance) (rate(postgresql_rollbacks_total[5m])) > 0
                        )
                    """),
                ),
                # With very few transactions the ratio means nothing.
                Alert(
                    "DatabaseRollbacks",
                    promql(f"""
                        job_instance:postgresql_rollbacks:ratio5m > {MANY}
                        and job_instance:postgresql_transactions:rate1m > 1
                    """),
                    severity="warning",
                    wait="2m",
                    summary="Many transactions of {{ $labels.job }} are rolled back",
                    description=(
                        "{{ $value | humanizePercentage }} of the transactions of {{ $labels.instance }} were rolled "
                        "back in the last 5 minutes. Services may be failing in the middle of their work. First, "
                        "check whether requests or messages fail, too."
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
                "Rollback ratio",
                "Fraction of transactions rolled back over the last 5 minutes.",
                (Query('job_instance:postgresql_rollbacks:ratio5m{job="$job"}', "{{instance}}"),),
                "percentunit",
                thresholds=warn_at(0.1, MANY),
                alerts=("DatabaseRollbacks",),
            ),
        ),
    ),
)
