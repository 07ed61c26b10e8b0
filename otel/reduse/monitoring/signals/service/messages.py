"""Messages that a service processes: consumer utilisation and failures."""

from reduse.monitoring.dashboards.definition import Panel, Query, warn_at
from reduse.monitoring.definition import Of, Rule, Ruled, Shown, Signal
from reduse.monitoring.groups import USE
from reduse.monitoring.signals.service import boards
from reduse.monitoring.signals.service.export_interval import minute_or_longer


def _rate(series: str) -> str:
    """Rate by service and queue, over 1 min, or 200 s for services that export less often than every 16 s."""
    chosen = minute_or_longer(lambda window: f"rate({series}[{window}])")
    return f'sum by (job, queue) (label_replace(\n{chosen},\n"queue", "$1", "messaging_destination_name", "(.*)"))'


SIGNAL = Signal(
    name="messages",
    of=Of.SERVICE,
    rank=150,
    rules=(
        Ruled(
            USE,
            (
                # Seconds of work per second: 1 is one consumer that is never idle.
                Rule("job_queue:messages_processing:rate", _rate("messaging_process_duration_seconds_sum")),
                Rule(
                    "job_queue:messages_failed:rate",
                    _rate('messaging_process_duration_seconds_count{error_type!=""}'),
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            boards.USE,
            boards.USE_SECTION,
            Panel(
                "Consumer utilisation",
                "Time spent processing messages, by queue. 100 % is one consumer that is never idle.",
                (Query('job_queue:messages_processing:rate{job="$job"}', "{{queue}}"),),
                "percentunit",
                thresholds=warn_at(0.7, 0.9),
                alerts=("QueueGrowing",),
            ),
        ),
    ),
)
