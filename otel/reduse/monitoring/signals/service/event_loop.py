"""Event loop delay of a service; a long delay means that the process has no CPU time left."""

from reduse.monitoring.dashboards.definition import Panel, Query, warn_at
from reduse.monitoring.definition import Of, Rule, Ruled, Shown, Signal
from reduse.monitoring.groups import USE
from reduse.monitoring.signals.service import boards
from reduse.monitoring.signals.service.export_interval import minute_or_longer

_DELAYS = "sum by (job, le) (rate(reduse_event_loop_delay_seconds_bucket[{}]))"

SIGNAL = Signal(
    name="event_loop",
    of=Of.SERVICE,
    rank=110,
    rules=(
        Ruled(
            USE,
            (
                Rule(
                    "job:event_loop_delay_seconds:quantile",
                    f"histogram_quantile(0.99,\n{minute_or_longer(_DELAYS.format)}\n)",
                    {"quantile": "0.99"},
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            boards.USE,
            boards.USE_SECTION,
            Panel(
                "Event loop delay (p99)",
                "99 % of the iterations of the event loop start with no longer delay than this. Requests wait that "
                "long for CPU time.",
                (Query('job:event_loop_delay_seconds:quantile{job="$job"}', "p99"),),
                "s",
                thresholds=warn_at(0.05, 0.2),
                alerts=("CpuSaturated",),
            ),
        ),
    ),
)
