"""CPU of a service: cores kept busy, by instance."""

from reduse.monitoring.dashboards.definition import Panel, Query, Threshold, warn_at
from reduse.monitoring.definition import Alert, Method, Of, Row, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import CPU, SERVICES
from reduse.monitoring.signals.service import boards
from reduse.monitoring.signals.service.export_interval import RARE, by_interval
from reduse.monitoring.signals.service.process_start import over_time_there
from reduse.monitoring.windows import CPU_WINDOW, SECONDS_STALE_AT_5_S
from reduse.watch.text import Text

SATURATED = 0.8
"""Of a core. One process of Python computes on one core, so 1 is all that there is; at 0.8 a request already waits four
times as long as it is worked on (M/M/1)."""

PERCENT: tuple[Threshold, ...] = warn_at(70, 100 * SATURATED)
"""Of what is drawn in percent of a core."""


_PROCESS = "process_cpu_time_seconds_total"


def _process(seconds: int) -> str:
    """CPU seconds in a second over the last `seconds`."""
    rate = f"sum by (job, instance) (rate({_PROCESS}[{seconds}s]))"
    return over_time_there(rate, seconds, by="job, instance", of=_PROCESS)


SIGNAL = Signal(
    name="cpu",
    of=Of.SERVICE,
    rank=100,
    rules=(
        Ruled(
            CPU,
            (
                # CPU seconds in a second, so 1 is one core kept busy: of the container where there is one, else of the
                # process. Over 30 s, or 1 min of what exports more rarely than each 7 s, or 200 s.
                Rule(
                    "job_instance:cpu_seconds:rate",
                    "sum by (job, instance) (rate(container_cpu_usage_nanoseconds_total[30s])) / 1e9\nor (\n"
                    + by_interval(_process(30), (7, _process(60)), (RARE, _process(200)), by="job, instance")
                    + "\n)\nunless on (job) rate(container_cpu_usage_nanoseconds_total[30s])",
                ),
            ),
        ),
        Ruled(
            SERVICES,
            (
                # Of what serves requests: a job that computes all night is meant to.
                Alert(
                    "CpuSaturated",
                    promql(f"""
                        job_instance:cpu_seconds:rate > {SATURATED}
                        and on (job) job_status:http_requests:rate
                    """),
                    severity="warning",
                    wait="1m",
                    summary="{{ $labels.job }} is running out of CPU",
                    description=(
                        "The instance {{ $labels.instance }} of {{ $labels.job }} uses "
                        "{{ $value | humanizePercentage }} "
                        "of a CPU core. One Python process can use one core only: requests wait for CPU time, and "
                        "response times rise. First, check which users cause the load, and whether a deployment has "
                        "just happened."
                    ),
                    board=boards.USE,
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            boards.USE,
            boards.USE_SECTION,
            Panel(
                "CPU usage",
                "CPU usage of the container, or of the process where there is no container. 100 % is one core. "
                f"{CPU_WINDOW}",
                (Query('100 * job_instance:cpu_seconds:rate{job="$job"}', "{{instance}}"),),
                "percent",
                thresholds=PERCENT,
                alerts=("CpuSaturated",),
            ),
        ),
    ),
    row=Row(
        title=Text("CPU %"),
        motivation=Text("Capacity planning: it shows when to add instances. 100 % is one core."),
        labels=("instance",),
        method=Method.USE,
        unit="%",
        value='100 * sum by (instance) (job_instance:cpu_seconds:rate{job="$job"})',
        sources=("container_cpu_usage_nanoseconds_total", _PROCESS),
        maximum_age=SECONDS_STALE_AT_5_S,
        panel_unit="percent",
        legend="{{instance}}",
        alerts=("CpuSaturated",),
        window=CPU_WINDOW,
        thresholds=PERCENT,
        follows_exports=True,
    ),
)
