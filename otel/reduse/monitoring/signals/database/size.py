"""Disk space of the databases of a PostgreSQL instance."""

from reduse.monitoring.dashboards.definition import Panel, Query
from reduse.monitoring.definition import Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import DATABASES

SIGNAL = Signal(
    name="size",
    of=Of.DATABASE,
    rank=30,
    rules=(
        Ruled(
            DATABASES,
            (
                Rule(
                    "job_instance:postgresql_size_bytes:sum",
                    promql("""
                        sum by (job, instance) (
                          last_over_time(postgresql_db_size_bytes[30s]) and postgresql_db_size_bytes
                        )
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
                "Database size",
                "Disk space used by all databases of the instance.",
                (Query('job_instance:postgresql_size_bytes:sum{job="$job"}', "{{instance}}"),),
                "bytes",
                alerts=("HostDiskFilling",),
            ),
        ),
    ),
)
