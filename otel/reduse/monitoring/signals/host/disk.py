"""Disk space of the host that the agent runs on."""

from reduse.monitoring.dashboards.definition import Panel, Query, warn_at
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import HOST, MONITORING

BOARD = "reduse-pipeline"

NEARLY_FULL = 0.9

SIGNAL = Signal(
    name="disk",
    of=Of.HOST,
    rank=30,
    rules=(
        Ruled(
            HOST,
            (
                # Of the fullest file system.
                Rule(
                    "job_instance:host_disk:ratio",
                    promql("""
                        max by (job, instance) (
                          sum by (job, instance, mountpoint) (
                            last_over_time(system_filesystem_usage_bytes{state="used"}[30s])
                          )
                          / sum by (job, instance, mountpoint) (
                            last_over_time(system_filesystem_usage_bytes{state=~"used|free"}[30s])
                          )
                        )
                    """),
                ),
            ),
        ),
        # An alert about the monitoring, because each of its parts stores data on disk.
        Ruled(
            MONITORING,
            (
                Alert(
                    "HostDiskFilling",
                    f"job_instance:host_disk:ratio > {NEARLY_FULL}",
                    severity="warning",
                    wait="1m",
                    summary="A disk of {{ $labels.instance }} is almost full",
                    description=(
                        "{{ $value | humanizePercentage }} of a file system of {{ $labels.instance }} is used. When it "
                        "is full, the parts of the monitoring that write to it stop storing data. First, find out what "
                        "fills it."
                    ),
                    board=BOARD,
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            BOARD,
            "Parts and host",
            Panel(
                "Disk usage (fullest file system)",
                "Used fraction of the fullest file system of the agent's host.",
                (Query("job_instance:host_disk:ratio", "{{instance}}"),),
                "percentunit",
                thresholds=warn_at(0.8, NEARLY_FULL),
                alerts=("HostDiskFilling",),
                maximum=1,
            ),
        ),
    ),
)
