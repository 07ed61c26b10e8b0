"""Requests that took longer than a threshold: what is bad where a response time is promised.

A classic histogram knows this for its own bounds, by the label `le`. Of a native one the part within each bound is
asked for by itself, since `histogram_fraction` takes one number for all series; from there on both are the same. The
standard bounds have rules here, as they are the same for every company; a company that promises another one has a rule
for it (`part_within`) beside its facts, however many services promise it.
"""

from reduse.monitoring.definition import Of, Rule, Ruled, Signal, promql
from reduse.monitoring.groups import OBJECTIVES
from reduse.monitoring.promql import bound
from reduse.monitoring.signals.service.counted_requests import BUCKET, COUNTED_NATIVE, NOT_COUNTED, NUMBER_NATIVE
from reduse.monitoring.signals.service.objectives import BUDGET, TOTAL
from reduse.watch.service import DURATION_BOUNDS

WITHIN = "job_le:http_requests_counted_bucket:rate5m"
"""Requests a second that took no longer than `le` seconds."""

WITHIN_NATIVE = "job_le:http_requests_counted_native:rate5m"
"""The same, of native histograms: a service may send both, while it is brought to a new version."""

PART_WITHIN_NATIVE = "job_le:http_requests_within_native:ratio5m"

SLOW = "job_objective:http_requests_slow:rate5m"

_PROMISED = f'label_replace({BUDGET}{{goal="latency"}} > bool 0, "le", "$1", "threshold", "(.+)")'


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
                # Only of the bounds that are promised, as buckets are many.
                Rule(
                    WITHIN,
                    promql(f"""
                        sum by (job, le) (
                          rate({BUCKET}[5m])
                          and on (job, le) {_PROMISED}
                          unless on (job, http_route) {NOT_COUNTED}
                        )
                    """),
                ),
                *map(part_within, DURATION_BOUNDS),
                # A part of what is counted now: that of another bound is as old as the facts.
                Rule(WITHIN_NATIVE, f"{PART_WITHIN_NATIVE} * on (job) group_left () {NUMBER_NATIVE}"),
                # Both are rounded: a difference of nothing may come out below it.
                Rule(
                    SLOW,
                    promql(f"""
                        clamp_min(
                          {TOTAL}
                          - sum by (job, objective) (
                            sum by (job, le) ({{__name__=~"{WITHIN}|{WITHIN_NATIVE}"}})
                            * on (job, le) group_right () {_PROMISED}
                          ),
                          0
                        )
                    """),
                ),
            ),
        ),
    ),
)
