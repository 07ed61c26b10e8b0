"""Whether Prometheus can scrape the parts of the monitoring."""

from reduse.monitoring.dashboards.definition import Panel, Query
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal
from reduse.monitoring.groups import MONITORING, PIPELINE

BOARD = "reduse-pipeline"

PARTS = "prometheus|collector-agent|collector-gateway|reduse-processor|alertmanager"
"""Jobs of `prometheus.yml` and of the scrape configuration for Kubernetes. A company's own Prometheus may scrape other
jobs as well."""

SIGNAL = Signal(
    name="parts",
    of=Of.PIPELINE,
    rank=80,
    rules=(
        Ruled(PIPELINE, (Rule("job:up:min", f'min by (job) (up{{job=~"{PARTS}"}})'),)),
        Ruled(
            MONITORING,
            (
                Alert(
                    "MonitoringPartDown",
                    f'min by (job, instance) (up{{job=~"{PARTS}"}}) == 0',
                    severity="critical",
                    wait="15s",
                    summary="{{ $labels.job }} does not respond",
                    description=(
                        "{{ $labels.job }} at {{ $labels.instance }}, a part of the monitoring, has not responded to "
                        "Prometheus for 15 s. The data that goes through it is not visible. First, check whether the "
                        "process runs."
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
                "Availability of the monitoring's parts",
                "1: Prometheus can scrape the part. 0: it cannot.",
                (Query("job:up:min", "{{job}}"),),
                "short",
                alerts=("MonitoringPartDown",),
                maximum=1,
            ),
        ),
    ),
)
