"""USE of a database, chosen above."""

from reduse.monitoring.dashboards.definition import Board, Panel, Query, Section, Threshold, Variable, warn_at
from reduse.monitoring.signals.database import replication_lag

_CHOSEN = '{job="$job"}'

DATABASES = Board(
    "reduse-databases",
    "USE of a database",
    "The database chosen above.",
    (
        Section(
            "Utilisation",
            (
                Panel(
                    "Connections",
                    "Taken, of all databases of the instance, and what there is when the reserved ones are taken off.",
                    (
                        Query(f"job_instance:postgresql_backends:sum{_CHOSEN}", "{{instance}} taken"),
                        Query(f"job_instance:postgresql_connection_available:max{_CHOSEN}", "{{instance}} there are"),
                    ),
                    "short",
                    alerts=("DatabaseConnectionsNearMaximum", "DatabaseConnectionsExhaustedSoon"),
                ),
                Panel(
                    "Transactions a second",
                    "Committed and rolled back.",
                    (Query(f"job_instance:postgresql_transactions:rate1m{_CHOSEN}", "{{instance}}"),),
                    "ops",
                ),
                Panel(
                    "Size",
                    "Of the databases on disk.",
                    (Query(f"job_instance:postgresql_size_bytes:sum{_CHOSEN}", "{{instance}}"),),
                    "bytes",
                    alerts=("HostDiskFilling",),
                ),
            ),
        ),
        Section(
            "Saturation",
            (
                Panel(
                    "Part of the connections that are taken",
                    "At all of them new ones are refused.",
                    (Query(f"job_instance:postgresql_connection_usage:ratio{_CHOSEN}", "{{instance}}"),),
                    "percentunit",
                    thresholds=warn_at(0.6, 0.8),
                    alerts=("DatabaseConnectionsNearMaximum",),
                    maximum=1,
                ),
                Panel(
                    "Reads served from memory",
                    "Of PostgreSQL's own cache; the rest comes from the system's or from disk.",
                    (Query(f"job_instance:postgresql_cache_hits:ratio5m{_CHOSEN}", "{{instance}}"),),
                    "percentunit",
                    maximum=1,
                ),
                Panel(
                    "What the services wait",
                    "95 % of the operations of each service end within, on all its databases.",
                    (Query('job:db_client_operation_duration_seconds:quantile{quantile="0.95"}', "{{job}}"),),
                    "s",
                    thresholds=warn_at(0.1, 0.5),
                    alerts=("DatabaseSlow", "RequestsWaitForConnections"),
                ),
                *(shown.panel for shown in replication_lag.SIGNAL.panels),
            ),
        ),
        Section(
            "Errors",
            (
                Panel(
                    "Part of transactions rolled back",
                    "Over five minutes.",
                    (Query(f"job_instance:postgresql_rollbacks:ratio5m{_CHOSEN}", "{{instance}}"),),
                    "percentunit",
                    thresholds=warn_at(0.1, 0.2),
                    alerts=("DatabaseRollbacks",),
                ),
                Panel(
                    "Deadlocks",
                    "In five minutes.",
                    (Query(f"job_instance:postgresql_deadlocks:increase5m{_CHOSEN}", "{{instance}}"),),
                    "short",
                    thresholds=(Threshold(0.5, "red"),),
                    alerts=("DatabaseDeadlocks",),
                ),
                Panel(
                    "Can be read",
                    "1: the monitoring knows all of it. 0: it knows nothing, for the reason named.",
                    (Query(f"job_instance_reason:postgresql_up:min{_CHOSEN}", "{{instance}} {{reason}}"),),
                    "short",
                    alerts=("DatabaseUnreadable",),
                    maximum=1,
                ),
            ),
        ),
    ),
    (Variable("job", "job", "job_instance:postgresql_backends:sum", "mes-db"),),
)
