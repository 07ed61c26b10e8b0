"""What fails in a service, requests and messages together: the errors of USE."""

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
                f"A second. {WINDOW}",
                (
                    Query('sum(job_status:http_requests:rate{job="$job",status=~"5.."}) or vector(0)', "5xx"),
                    Query('sum(job_queue:messages_failed:rate{job="$job"}) or vector(0)', "messages"),
                ),
                "ops",
                alerts=("ErrorBudgetBurning", "DeadLettersArriving"),
            ),
        ),
    ),
)
