"""Response times of a service: quantiles over all its routes and instances.

A histogram is classic (_bucket) or, if the store supports it, native; in other stores the expressions for native
histograms find nothing.
"""

from reduse.monitoring.dashboards.colors import QUANTILES
from reduse.monitoring.dashboards.definition import RATE_INTERVAL, Panel, Query
from reduse.monitoring.definition import Method, Of, Row, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import RED, RED_OF_EXPORTS_EACH_MINUTE
from reduse.monitoring.signals.service import boards
from reduse.monitoring.signals.service.export_interval import RARE, by_interval, minute_or_longer, unless_known
from reduse.monitoring.windows import MINUTE_WINDOW, SECONDS_STALE_AT_1_S
from reduse.watch.text import Text

QUANTILE_LEVELS = ("0.5", "0.95", "0.99")

_BUCKETS = f'sum by (le) (rate(http_server_request_duration_seconds_bucket{{job="$job"}}[{RATE_INTERVAL}]))'


def _counted(window: str) -> str:
    return f"sum by (job, le) (rate(http_server_request_duration_seconds_bucket[{window}]))"


def _quantile(quantile: str) -> Rule:
    return Rule(
        "job:http_request_duration_seconds:quantile",
        promql(f"""
            histogram_quantile({quantile}, job_le:http_request_duration_seconds_bucket:rate)
            or histogram_quantile({quantile}, job:http_request_duration_seconds:native_rate)
        """),
        {"quantile": quantile},
    )


def _drawn(quantile: str) -> Query:
    # For rare exports, the window that matches the resolution may contain too few samples.
    return Query(
        f"histogram_quantile({quantile}, {_BUCKETS}) or "
        f'max(job:http_request_duration_seconds:quantile{{job="$job",quantile="{quantile}"}})',
        _percentile(quantile),
        exemplars=True,
    )


def _percentile(quantile: str) -> str:
    return f"p{float(quantile) * 100:g}"


SIGNAL = Signal(
    name="latency",
    of=Of.SERVICE,
    rank=30,
    rules=(
        Ruled(
            RED,
            (
                # 1 min: a 99th percentile needs at least some hundred requests.
                Rule(
                    "job_le:http_request_duration_seconds_bucket:rate",
                    by_interval(_counted("1m"), (RARE, "job_le:http_request_duration_seconds_bucket:rate200s")),
                ),
                # For services that send native histograms, if the store supports them (REDUSE_STORE).
                Rule(
                    "job:http_request_duration_seconds:native_rate",
                    minute_or_longer("sum by (job) (rate(http_server_request_duration_seconds[{}]))".format),
                ),
                *map(_quantile, QUANTILE_LEVELS),
            ),
        ),
        Ruled(
            RED_OF_EXPORTS_EACH_MINUTE,
            (
                Rule(
                    "job_le:http_request_duration_seconds_bucket:rate200s",
                    f"{_counted('200s')}\n{unless_known(above=RARE)}",
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            boards.RED,
            "Rate, errors, duration",
            Panel(
                "Response time",
                "50 %, 95 % and 99 % of requests are answered within this time. A dot is an exemplar: the trace of "
                "one request.",
                tuple(map(_drawn, QUANTILE_LEVELS)),
                "s",
                alerts=("LatencyBudgetBurning",),
                colors=QUANTILES,
            ),
        ),
    ),
    row=Row(
        title=Text("Response time (latency)"),
        motivation=Text("User satisfaction: users leave a slow service before their work is done."),
        labels=("quantile",),
        method=Method.RED,
        unit="s",
        value='max by (quantile) (job:http_request_duration_seconds:quantile{job="$job"})',
        # One bucket is enough, because all buckets have the same age.
        sources=('http_server_request_duration_seconds_bucket{le="+Inf"}', "http_server_request_duration_seconds"),
        maximum_age=SECONDS_STALE_AT_1_S,
        panel_unit="s",
        legend="p{{quantile}}",
        drawn=tuple(
            Query(
                f'max(job:http_request_duration_seconds:quantile{{job="$job",quantile="{quantile}"}})',
                _percentile(quantile),
            )
            for quantile in QUANTILE_LEVELS
        ),
        colors=QUANTILES,
        alerts=("LatencyBudgetBurning",),
        window=MINUTE_WINDOW,
        follows_exports=True,
    ),
)
