"""Replication lag of a standby, as measured by the primary and by the standby itself."""

from reduse.monitoring.dashboards.definition import Panel, Query, warn_at
from reduse.monitoring.definition import Alert, Method, Of, Row, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import DATABASES
from reduse.monitoring.windows import SECONDS_STALE_AT_5_S
from reduse.watch.text import Text

BOARD = "reduse-databases"

LAG = "job_instance_standby:postgresql_replication_lag_seconds:max"

BEHIND = 30
"""Lag in seconds at which the alert fires."""

SIGNAL = Signal(
    name="replication_lag",
    of=Of.DATABASE,
    rank=80,
    rules=(
        Ruled(
            DATABASES,
            (
                # A primary reports it by the standby's application_name, a standby itself without the label `standby`.
                Rule(
                    LAG,
                    promql("""
                        max by (job, instance, standby) (
                          label_replace(
                            last_over_time(postgresql_wal_delay_seconds{operation="replay"}[30s])
                            and postgresql_wal_delay_seconds,
                            "standby", "$1", "replication_client", "(.*)"
                          )
                          or
                          last_over_time(reduse_postgresql_standby_delay_seconds[30s])
                          and reduse_postgresql_standby_delay_seconds
                        )
                    """),
                ),
                Alert(
                    "DatabaseReplicationLags",
                    f"{LAG} > {BEHIND}",
                    severity="warning",
                    wait="1m",
                    summary=(
                        "{{ with $labels.standby }}{{ . }}, a standby of {{ $labels.job }},"
                        "{{ else }}{{ $labels.job }}{{ end }} lags behind its primary"
                    ),
                    description=(
                        "{{ with $labels.standby }}{{ . }} is {{ else }}{{ $labels.instance }} is {{ end }}"
                        "{{ $value | humanizeDuration }} behind its primary"
                        "{{ if $labels.standby }}, as measured by {{ $labels.instance }}{{ end }}. Queries on it "
                        "return "
                        "old data, and a failover would lose the newest data. First, check whether the standby is "
                        "connected."
                    ),
                    board=BOARD,
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            BOARD,
            "Saturation",
            Panel(
                "Replication lag",
                "Delay of each standby, named, as measured by its primary; without a name, as measured by the "
                "standby itself.",
                (Query(f'{LAG}{{job="$job"}}', "{{instance}} {{standby}}"),),
                "s",
                thresholds=warn_at(5, BEHIND),
                alerts=("DatabaseReplicationLags",),
                may_be_empty=True,
            ),
        ),
    ),
    # Most instances are not part of a replication, so it is a row only where the company's file names it.
    row=Row(
        title=Text("Replication lag"),
        motivation=Text("How stale the data of a standby is, and how much a failover would lose."),
        labels=("instance", "standby"),
        method=Method.USE,
        unit="s",
        value=f'max by (instance, standby) ({LAG}{{job="$job"}})',
        sources=("postgresql_wal_delay_seconds", "reduse_postgresql_standby_delay_seconds"),
        maximum_age=SECONDS_STALE_AT_5_S,
        panel_unit="s",
        legend="{{instance}} {{standby}}",
        alerts=("DatabaseReplicationLags",),
        thresholds=warn_at(5, BEHIND),
        by_default=False,
    ),
)
