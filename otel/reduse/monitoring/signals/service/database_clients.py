"""Database operations and connection pools, as measured by the services."""

from reduse.monitoring.dashboards.definition import Panel, Query, Threshold, warn_at
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal
from reduse.monitoring.groups import USE
from reduse.monitoring.signals.service import boards
from reduse.monitoring.signals.service.export_interval import minute_or_longer

SLOW = 0.5
"""In seconds; requests are at least as slow as the database operations that they wait for."""

_OPERATIONS = "sum by (job, le) (rate(db_client_operation_duration_seconds_bucket[{}]))"

SIGNAL = Signal(
    name="database_clients",
    of=Of.SERVICE,
    rank=140,
    rules=(
        Ruled(
            USE,
            (
                # Requests that wait for a connection of the pool.
                Rule(
                    "job:db_client_connections_waiting:sum",
                    minute_or_longer(
                        "sum by (job) (last_over_time(db_client_connection_pending_requests[{}]))".format, window="30s"
                    ),
                ),
                Rule(
                    "job:db_client_operation_duration_seconds:quantile",
                    f"histogram_quantile(0.95,\n{minute_or_longer(_OPERATIONS.format)}\n)",
                    {"quantile": "0.95"},
                ),
                Alert(
                    "DatabaseSlow",
                    f'job:db_client_operation_duration_seconds:quantile{{quantile="0.95"}} > {SLOW}',
                    severity="warning",
                    wait="1m",
                    summary="Database operations of {{ $labels.job }} are slow",
                    description=(
                        "5 % of the database operations of {{ $labels.job }} take longer than "
                        "{{ $value | humanizeDuration }}, and its requests are at least as slow. First, look for "
                        "sessions that block each other."
                    ),
                    board=boards.DATABASES,
                ),
                Alert(
                    "RequestsWaitForConnections",
                    "min_over_time(job:db_client_connections_waiting:sum[30s]) > 0",
                    severity="warning",
                    wait="30s",
                    summary="Requests of {{ $labels.job }} wait for a database connection",
                    description=(
                        'All connections of the pool are in use, and {{ $value | printf "%.0f" }} requests wait for '
                        "one. They are slow, and fail when they wait too long. First, check whether the database "
                        "operations "
                        "are slow."
                    ),
                    board=boards.DATABASES,
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            boards.DATABASES,
            "Saturation",
            Panel(
                "Database response time (p95)",
                "95 % of the operations of each service take no longer than this, on all its databases together.",
                (Query('job:db_client_operation_duration_seconds:quantile{quantile="0.95"}', "{{job}}"),),
                "s",
                thresholds=warn_at(0.1, SLOW),
                alerts=("DatabaseSlow", "RequestsWaitForConnections"),
            ),
        ),
        Shown(
            boards.USE,
            boards.USE_SECTION,
            Panel(
                "Requests waiting for a pooled connection",
                "While this is above zero, every database connection of the pool is in use.",
                (Query('job:db_client_connections_waiting:sum{job="$job"}', "waiting"),),
                "short",
                thresholds=(Threshold(1, "orange"),),
                alerts=("RequestsWaitForConnections",),
            ),
        ),
    ),
)
