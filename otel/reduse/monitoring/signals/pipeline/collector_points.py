"""Data points that the collectors send and reject."""

from reduse.monitoring.dashboards.definition import Panel, Query, Threshold
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal
from reduse.monitoring.groups import MONITORING, PIPELINE
from reduse.monitoring.signals.pipeline.counted import from_the_first_on
from reduse.monitoring.signals.pipeline.queues import KEPT

BOARD = "reduse-pipeline"

TURNED_AWAY = "job_instance_fault:collector_points_turned_away:increase5m"


def _turned_away(fault: str, metric: str) -> Rule:
    return Rule(TURNED_AWAY, from_the_first_on("job, instance", metric), {"fault": fault})


SIGNAL = Signal(
    name="collector_points",
    of=Of.PIPELINE,
    rank=20,
    rules=(
        Ruled(
            PIPELINE,
            (
                Rule(
                    "job_exporter:collector_points_sent:rate1m",
                    "sum by (job, exporter) (rate(otelcol_exporter_sent_metric_points[1m]))",
                ),
                Rule(
                    "job:collector_points_refused:rate1m",
                    "sum by (job) (rate(otelcol_receiver_refused_metric_points[1m]))",
                ),
                _turned_away("refused", "otelcol_receiver_refused_metric_points"),
                _turned_away("failed", "otelcol_receiver_failed_metric_points"),
                # What the one without a queue on disk does not take goes into the other one's.
                _turned_away("not queued", f"otelcol_exporter_enqueue_failed_metric_points{KEPT}"),
            ),
        ),
        Ruled(
            MONITORING,
            (
                # The agent keeps what the gateway does not accept, so it rejects data only if its queue is full or
                # its memory limit is reached.
                Alert(
                    "CollectorRefusing",
                    f'sum by (job, instance) ({TURNED_AWAY}{{job="collector-agent"}}) > 0',
                    severity="warning",
                    summary="{{ $labels.job }} rejects data points",
                    description=(
                        "{{ $labels.job }} at {{ $labels.instance }} did not accept {{ $value | humanize }} data "
                        "points "
                        "in the last 5 minutes. Services keep their counters and per-user data and send them again; "
                        "gauges and scraped values of that time are lost. First, check the queue, the disk and the "
                        "memory of the agent."
                    ),
                    board=BOARD,
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            BOARD,
            "Collector",
            Panel(
                "Data points sent per second",
                "Metric data points sent by agent and gateway, by exporter.",
                (Query("job_exporter:collector_points_sent:rate1m", "{{job}}: {{exporter}}"),),
                "ops",
            ),
        ),
        Shown(
            BOARD,
            "Collector",
            Panel(
                "Data points refused per second",
                "Metric data points that a receiver refused. The sender keeps them and retries.",
                (Query("job:collector_points_refused:rate1m", "{{job}}"),),
                "ops",
                thresholds=(Threshold(1, "orange"),),
                alerts=("CollectorQueueFilling",),
            ),
        ),
        Shown(
            BOARD,
            "Collector",
            Panel(
                "Data points rejected in 5 minutes",
                "By agent and gateway: refused by the receiver, failed in it, or not put into the sending queue.",
                (Query(TURNED_AWAY, "{{job}} {{instance}}: {{fault}}"),),
                "short",
                thresholds=(Threshold(1, "orange"),),
                alerts=("CollectorRefusing",),
                may_be_empty=True,
            ),
        ),
    ),
)
