"""Connections of a PostgreSQL instance: those in use and those available."""

from reduse.monitoring.dashboards.definition import Panel, Query, warn_at
from reduse.monitoring.definition import Alert, Method, Of, Row, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import DATABASES
from reduse.monitoring.windows import SECONDS_STALE_AT_5_S
from reduse.watch.text import Text

BOARD = "reduse-databases"

NEAR = 0.8
"""Connection usage at which the alert fires; the rest is for deployments that double the instances for a while."""

SIGNAL = Signal(
    name="connections",
    of=Of.DATABASE,
    rank=10,
    rules=(
        Ruled(
            DATABASES,
            (
                # All databases together. Ended series have staleness markers, and `and` excludes them at once.
                Rule(
                    "job_instance:postgresql_backends:sum",
                    "sum by (job, instance) (last_over_time(postgresql_backends[30s]) and postgresql_backends)",
                ),
                Rule(
                    "job_instance:postgresql_connection_max:max",
                    "max by (job, instance) (last_over_time(postgresql_connection_max[30s]))",
                ),
                # Without the connections that are reserved for superusers.
                Rule(
                    "job_instance:postgresql_connection_available:max",
                    promql("""
                        job_instance:postgresql_connection_max:max
                        - max by (job, instance) (last_over_time(postgresql_connection_reserved[30s]))
                    """),
                ),
                Rule(
                    "job_instance:postgresql_connection_usage:ratio",
                    "job_instance:postgresql_backends:sum / job_instance:postgresql_connection_available:max",
                ),
                Alert(
                    "DatabaseConnectionsNearMaximum",
                    f"job_instance:postgresql_connection_usage:ratio > {NEAR}",
                    severity="critical",
                    wait="1m",
                    summary="{{ $labels.job }} is running out of connections",
                    description=(
                        "{{ $value | humanizePercentage }} of the connections that {{ $labels.instance }} has "
                        "available "
                        "for services are in use. At 100 % new connections are refused, and the services that use the "
                        "database fail. First, find out which application holds the connections."
                    ),
                    board=BOARD,
                ),
                # At least a third, because the slope of a few connections predicts nothing. And still growing,
                # because a pool that has opened is a single step.
                Alert(
                    "DatabaseConnectionsExhaustedSoon",
                    promql("""
                        predict_linear(job_instance:postgresql_backends:sum[15m], 3600)
                        > job_instance:postgresql_connection_available:max
                        and job_instance:postgresql_connection_usage:ratio > 0.33
                        and deriv(job_instance:postgresql_backends:sum[5m]) > 0
                    """),
                    severity="warning",
                    wait="5m",
                    summary="{{ $labels.job }} will run out of connections within an hour",
                    description=(
                        'At this rate {{ $labels.instance }} will have {{ $value | printf "%.0f" }} connections in an '
                        "hour, more than it has available for services. New connections will then be refused. First, "
                        "find "
                        "out which application opens them."
                    ),
                    board=BOARD,
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            BOARD,
            "Utilisation",
            Panel(
                "Connections",
                "Connections in use on all databases of the instance, and the connections available to services: "
                "max_connections without the reserved ones.",
                (
                    Query('job_instance:postgresql_backends:sum{job="$job"}', "{{instance}} in use"),
                    Query('job_instance:postgresql_connection_available:max{job="$job"}', "{{instance}} available"),
                ),
                "short",
                alerts=("DatabaseConnectionsNearMaximum", "DatabaseConnectionsExhaustedSoon"),
            ),
        ),
        Shown(
            BOARD,
            "Saturation",
            Panel(
                "Connection usage",
                "Connections in use as a fraction of those available to services. At 100 % new connections are "
                "refused.",
                (Query('job_instance:postgresql_connection_usage:ratio{job="$job"}', "{{instance}}"),),
                "percentunit",
                thresholds=warn_at(0.6, NEAR),
                alerts=("DatabaseConnectionsNearMaximum",),
                maximum=1,
            ),
        ),
    ),
    row=Row(
        title=Text("Number of connections for instance"),
        motivation=Text("Early warning of exhaustion: at the maximum, new connections are refused."),
        labels=("instance",),
        method=Method.USE,
        unit="{connection}",
        value='sum by (instance) (job_instance:postgresql_backends:sum{job="$job"})',
        sources=("postgresql_backends",),
        maximum_age=SECONDS_STALE_AT_5_S,
        panel_unit="short",
        legend="{{instance}}",
        alerts=("DatabaseConnectionsNearMaximum", "DatabaseConnectionsExhaustedSoon"),
    ),
)
