"""Cache hit ratio of a PostgreSQL instance."""

from reduse.monitoring.dashboards.definition import Panel, Query
from reduse.monitoring.definition import Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import DATABASES

SIGNAL = Signal(
    name="cache",
    of=Of.DATABASE,
    rank=40,
    rules=(
        Ruled(
            DATABASES,
            (
                Rule(
                    "job_instance:postgresql_cache_hits:ratio5m",
                    promql("""
                        sum by (job, instance) (rate(postgresql_blks_hit_total[5m]))
                        / (
                          sum by (job, instance) (rate(postgresql_blks_hit_total[5m]))
                          + sum by (job, instance) (rate(postgresql_blks_read_total[5m])) > 0
                        )
                    """),
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            "reduse-databases",
            "Saturation",
            Panel(
                "Cache hit ratio",
                "Fraction of block reads served from PostgreSQL's shared buffers. The others come from the page "
                "cache of the operating system or from disk.",
                (Query('job_instance:postgresql_cache_hits:ratio5m{job="$job"}', "{{instance}}"),),
                "percentunit",
                maximum=1,
            ),
        ),
    ),
)
