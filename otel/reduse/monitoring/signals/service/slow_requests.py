"""Requests that took longer than a threshold: what is bad where a response time is promised.

A classic histogram knows this for its own bounds, by the label `le`. Of a native one the part within each bound is
asked for by itself, since `histogram_fraction` takes one number for all series; from there on both are the same. The
standard bounds have rules here, as they are the same for every company; a company that promises another one has a rule
for it (`part_within`) beside its facts, however many services promise it.

Instances of one service may have other bounds than the rest, while it is brought to a new version. What an instance
without the threshold's bucket answered is neither slow nor fast: it is left out of the number of requests as well.
"""

from reduse.monitoring.definition import Of, Rule, Ruled, Signal, promql
from reduse.monitoring.groups import OBJECTIVES
from reduse.monitoring.promql import bound
from reduse.monitoring.signals.service.counted_requests import BUCKET, COUNT, COUNTED_NATIVE, NOT_COUNTED, NUMBER_NATIVE
from reduse.monitoring.signals.service.objectives import BUDGET
from reduse.watch.service import DURATION_BOUNDS

COUNTED_CLASSIC = "job_instance:http_requests_counted:rate5m"
"""Requests a second of classic histograms."""

WITHIN_CLASSIC = "job_instance_le:http_requests_counted_bucket:rate5m"
"""Those that took no longer than `le` seconds, for the bounds that are promised."""

KNOWN_WITHIN = "job_instance_le:http_requests_known_bucket:rate5m"
"""The same, of instances that knew the bound for all of that time."""

WITHIN = "job_le:http_requests_counted_bucket:rate5m"
"""The same, of all of these instances."""

JUDGED = "job_le:http_requests_judged:rate5m"
"""All requests a second of the same instances."""

WITHIN_NATIVE = "job_le:http_requests_counted_native:rate5m"
"""As `WITHIN`, of native histograms: a service may send both, while it is brought to a new version."""

JUDGED_NATIVE = "job_le:http_requests_judged_native:rate5m"

PART_WITHIN_NATIVE = "job_le:http_requests_within_native:ratio5m"

SLOW = "job_objective:http_requests_slow:rate5m"


def _promised(ago: str = "") -> str:
    """1 for each bound of an objective, by the label `le`; or what it was some time `ago`."""
    return f'label_replace({BUDGET}{{goal="latency"}}{ago} > bool 0, "le", "$1", "threshold", "(.+)")'


def of_objective(classic: str, native: str) -> str:
    """PromQL that gives each objective what is recorded of its bound, by either kind of histogram."""
    recorded = f'{{__name__=~"{classic}|{native}"}}'
    return f"sum by (job, objective) (sum by (job, le) ({recorded}) * on (job, le) group_right () {_promised()})"


def part_within(threshold: float) -> Rule:
    """Of requests that native histograms count; `threshold` in seconds."""
    le = bound(threshold)
    return Rule(PART_WITHIN_NATIVE, f"histogram_fraction(0, {le}, {COUNTED_NATIVE})", {"le": le})


SIGNAL = Signal(
    name="slow_requests",
    of=Of.SERVICE,
    rank=23,
    rules=(
        Ruled(
            OBJECTIVES,
            (
                Rule(
                    COUNTED_CLASSIC,
                    f"sum by (job, instance) (rate({COUNT}[5m]) unless on (job, http_route) {NOT_COUNTED})",
                ),
                # Only of the bounds that are promised, as buckets are many.
                Rule(
                    WITHIN_CLASSIC,
                    promql(f"""
                        sum by (job, instance, le) (
                          rate({BUCKET}[5m])
                          and on (job, le) {_promised()}
                          unless on (job, http_route) {NOT_COUNTED}
                        )
                    """),
                ),
                # One that was started again may have a bucket that it did not have before: for the length of a window,
                # that has counted a part of its requests only.
                Rule(
                    KNOWN_WITHIN,
                    promql(f"""
                        {WITHIN_CLASSIC}
                        unless (
                          {WITHIN_CLASSIC}
                          and on (job, instance) {COUNTED_CLASSIC} offset 5m
                          and on (job, le) {_promised(" offset 5m")}
                          unless {WITHIN_CLASSIC} offset 5m
                        )
                    """),
                ),
                Rule(WITHIN, f"sum by (job, le) ({KNOWN_WITHIN})"),
                Rule(
                    JUDGED,
                    promql(f"""
                        sum by (job, le) (
                          {COUNTED_CLASSIC} * on (job, instance) group_right () ({KNOWN_WITHIN} >= bool 0)
                        )
                    """),
                ),
                *map(part_within, DURATION_BOUNDS),
                # A part of what is counted now: that of another bound is as old as the facts. None while there are no
                # requests, of which no part is within a bound.
                Rule(WITHIN_NATIVE, f"({PART_WITHIN_NATIVE} >= 0) * on (job) group_left () {NUMBER_NATIVE}"),
                Rule(JUDGED_NATIVE, f"({PART_WITHIN_NATIVE} >= 0 >= bool 0) * on (job) group_left () {NUMBER_NATIVE}"),
                # Both are rounded: a difference of nothing may come out below it.
                Rule(
                    SLOW,
                    promql(f"""
                        clamp_min(
                          {of_objective(JUDGED, JUDGED_NATIVE)}
                          - {of_objective(WITHIN, WITHIN_NATIVE)},
                          0
                        )
                    """),
                ),
            ),
        ),
    ),
)
