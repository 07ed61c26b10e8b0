"""CPU of a service: cores kept busy, by instance."""

from reduse.monitoring.dashboards.definition import Panel, Query, Threshold, warn_at
from reduse.monitoring.definition import Alert, Method, Of, Row, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import CPU, SERVICES
from reduse.monitoring.signals.service import boards
from reduse.monitoring.windows import CPU_WINDOW, SECONDS_STALE_AT_5_S
from reduse.watch.text import Text

SATURATED = 0.8
"""Of a core. One process of Python computes on one core, so 1 is all that there is; at 0.8 a request already waits four
times as long as it is worked on (M/M/1)."""

PERCENT: tuple[Threshold, ...] = warn_at(70, 100 * SATURATED)
"""Of what is drawn in percent of a core."""


def _process(seconds: int, step: str) -> str:
    """CPU seconds in a second over the last `seconds`; of a process that was started within that time, over the time
    that it is there, where it begins with a zero. Its first sample is looked for in steps no longer than the exports
    are apart, as a zero and the first number come together."""
    window = {30: "30s", 60: "1m", 200: "200s"}[seconds]
    return promql(f"""
        sum by (job, instance) (rate(process_cpu_time_seconds_total[{window}]))
        / clamp_max(
          (min by (job, instance) (min_over_time(process_cpu_time_seconds_total[{window}])) > bool 0)
          + (time() - min by (job, instance) (
            min_over_time(timestamp(process_cpu_time_seconds_total)[{window}:{step}])
          )) / {seconds}, 1
        )
    """)


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
                    "\n".join(
                        (
                            "sum by (job, instance) (rate(container_cpu_usage_nanoseconds_total[30s])) / 1e9",
                            "or (",
                            _process(30, "1s"),
                            "unless on (job, instance) job_instance:export_interval_seconds:max > 7",
                            "or",
                            _process(60, "7s"),
                            "and on (job, instance) job_instance:export_interval_seconds:max > 7 <= 16",
                            "or",
                            _process(200, "15s"),
                            "and on (job, instance) job_instance:export_interval_seconds:max > 16",
                            ")",
                            "unless on (job) rate(container_cpu_usage_nanoseconds_total[30s])",
                        )
                    ),
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
                    summary="{{ $labels.job }} runs out of CPU",
                    description=(
                        "{{ $labels.instance }} of {{ $labels.job }} keeps {{ $value | humanizePercentage }} of a core "
                        "busy: requests wait for each other."
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
                "CPU",
                f"Of the container where there is one, else of the process. 100 % is one core. {CPU_WINDOW}",
                (Query('100 * job_instance:cpu_seconds:rate{job="$job"}', "{{instance}}"),),
                "percent",
                thresholds=PERCENT,
                alerts=("CpuSaturated",),
            ),
        ),
    ),
    row=Row(
        title=Text("CPU %"),
        motivation=Text("Manage resources: it says when to scale out. 100 % is one core."),
        labels=("instance",),
        method=Method.USE,
        unit="%",
        value='100 * sum by (instance) (job_instance:cpu_seconds:rate{job="$job"})',
        sources=("container_cpu_usage_nanoseconds_total", "process_cpu_time_seconds_total"),
        maximum_age=SECONDS_STALE_AT_5_S,
        panel_unit="percent",
        legend="{{instance}}",
        alerts=("CpuSaturated",),
        window=CPU_WINDOW,
        thresholds=PERCENT,
        follows_exports=True,
    ),
)
