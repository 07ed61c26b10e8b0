"""Memory of the host that the agent runs on."""

from reduse.monitoring.dashboards.definition import Panel, Query
from reduse.monitoring.definition import Of, Rule, Ruled, Shown, Signal
from reduse.monitoring.groups import HOST

SIGNAL = Signal(
    name="memory",
    of=Of.HOST,
    rank=20,
    rules=(
        Ruled(
            HOST,
            (
                Rule(
                    "job_instance:host_memory:ratio",
                    'sum by (job, instance) (last_over_time(system_memory_utilization_ratio{state="used"}[30s]))',
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            "reduse-pipeline",
            "Parts and host",
            Panel(
                "Host memory usage",
                "Fraction of the memory of the agent's host that is in use.",
                (Query("job_instance:host_memory:ratio", "{{instance}}"),),
                "percentunit",
                maximum=1,
            ),
        ),
    ),
)
