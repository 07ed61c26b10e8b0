"""Transactions of a PostgreSQL instance."""

from reduse.monitoring.dashboards.definition import Panel, Query
from reduse.monitoring.definition import Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import DATABASES

SIGNAL = Signal(
    name="transactions",
    of=Of.DATABASE,
    rank=20,
    rules=(
        Ruled(
            DATABASES,
            (
                # Committed and rolled back.
                Rule(
                    "job_instance:postgresql_transactions:rate1m",
                    promql("""
                        sum by (job, instance) (rate(postgresql_commits_total[1m]))
                        + sum by (job, instance) (rate(postgresql_rollbacks_total[1m]))
                    """),
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            "reduse-databases",
            "Utilisation",
            Panel(
                "Transactions per second",
                "Committed and rolled back transactions together.",
                (Query('job_instance:postgresql_transactions:rate1m{job="$job"}', "{{instance}}"),),
                "ops",
            ),
        ),
    ),
)
