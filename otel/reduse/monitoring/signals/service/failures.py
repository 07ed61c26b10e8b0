"""Failed requests and messages of a service: the errors of USE."""

from reduse.monitoring.dashboards.colors import STATUSES
from reduse.monitoring.dashboards.definition import Panel, Query
from reduse.monitoring.definition import Of, Shown, Signal
from reduse.monitoring.signals.service import boards
from reduse.monitoring.windows import WINDOW

SIGNAL = Signal(
    name="failures",
    of=Of.SERVICE,
    rank=120,
    panels=(
        Shown(
            boards.USE,
            boards.USE_SECTION,
            Panel(
                "Failed requests and messages",
                f"Requests answered with 5xx, and messages that could not be processed, per second. {WINDOW}",
                # 0 only where there are requests or messages at all: no data is no zero.
                (
                    Query(
                        'sum(job_status:http_requests:rate{job="$job",status=~"5.."})'
                        ' or 0 * sum(job_status:http_requests:rate{job="$job"})',
                        "requests 5xx",
                    ),
                    Query(
                        'sum(job_queue:messages_failed:rate{job="$job"})'
                        ' or 0 * sum(job_queue:messages_processing:rate{job="$job"})',
                        "messages",
                    ),
                ),
                "ops",
                alerts=("ErrorBudgetBurning", "DeadLettersArriving"),
                colors=STATUSES,
            ),
        ),
    ),
)
