"""CPU of the host that the agent runs on."""

from reduse.monitoring.dashboards.definition import Panel, Query
from reduse.monitoring.definition import Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import HOST

SIGNAL = Signal(
    name="cpu",
    of=Of.HOST,
    rank=10,
    rules=(
        Ruled(
            HOST,
            (
                Rule(
                    "job_instance:host_cpu:ratio1m",
                    promql("""
                        1 - avg by (job, instance) (
                          sum by (job, instance, cpu) (rate(system_cpu_time_seconds_total{state="idle"}[1m]))
                        )
                    """),
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            "reduse-pipeline",
            "Parts and host",
            Panel(
                "Host CPU usage",
                "Fraction of all cores of the agent's host that is in use.",
                (Query("job_instance:host_cpu:ratio1m", "{{instance}}"),),
                "percentunit",
                maximum=1,
            ),
        ),
    ),
)
