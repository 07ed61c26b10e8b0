"""Writes into Prometheus's write-ahead log that failed: what follows a torn record is dropped by an unclean start."""

from reduse.monitoring.dashboards.definition import Panel, Query
from reduse.monitoring.definition import Alert, Of, Ruled, Shown, Signal
from reduse.monitoring.groups import MONITORING

BOARD = "reduse-pipeline"

SIGNAL = Signal(
    name="store_log",
    of=Of.PIPELINE,
    rank=45,
    rules=(
        Ruled(
            MONITORING,
            (
                # Counted since the start of Prometheus, so the alert ends with the restart that is its cure.
                Alert(
                    "StoreLogTorn",
                    'max by (job, instance) (prometheus_tsdb_wal_writes_failed_total{job="prometheus"}) > 0',
                    severity="warning",
                    summary="Prometheus's write-ahead log has a torn record",
                    description=(
                        "A write of Prometheus {{ $labels.instance }} into its write-ahead log failed, usually because "
                        "its disk was full. It stores samples again, but its log grows until its next start, which "
                        "loses everything stored since unless the torn record is taken out first. Check that the disk "
                        "has room, then restart Prometheus as the runbook describes."
                    ),
                    board=BOARD,
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            BOARD,
            "Store",
            Panel(
                "Failed writes into the log of Prometheus",
                "Number of writes into the write-ahead log that failed since the start of Prometheus.",
                (Query('max(prometheus_tsdb_wal_writes_failed_total{job="prometheus"})', "failed"),),
                "short",
                alerts=("StoreLogTorn",),
                width=12,
                # Other stores have no such metric.
                may_be_empty=True,
            ),
        ),
    ),
)
