"""What is promised of a service over thirty days: the part of its requests that may be bad, its error budget.

The company's file says it, and rules join on that as on any other series; so there are as many of them for two hundred
services as for one. `objective` is the objective's name, `goal` says what makes a request bad.
"""

from reduse.monitoring.definition import Of, Rule, Ruled, Signal, promql
from reduse.monitoring.groups import OBJECTIVES
from reduse.monitoring.signals.service.counted_requests import COUNTED, SERVICE
from reduse.watch.service import DEFAULT_OBJECTIVES

PROMISED = "job_objective:budget:ratio"
"""A fact of the company: the part of requests that may be bad, by `job`, `objective`, `goal`, `threshold` (seconds, as
in `le`; none of availability), and `service`, which is the service's title."""

BUDGET = "job_objective:error_budget:ratio"
"""With what is promised by default."""

TOTAL = "job_objective:http_requests:rate5m"

(_DEFAULT,) = DEFAULT_OBJECTIVES

SIGNAL = Signal(
    name="objectives",
    of=Of.SERVICE,
    rank=21,
    rules=(
        Ruled(
            OBJECTIVES,
            (
                # Of a service that reports but is not in the file it is the default; its title is its job.
                Rule(
                    BUDGET,
                    promql(f"""
                        {PROMISED}
                        or label_replace(
                          label_replace(
                            label_replace(
                              {_DEFAULT.budget:g} * group by (job) ({COUNTED}),
                              "service", "$1", "job", "(.*)"
                            ),
                            "objective", "{_DEFAULT.label}", "", ""
                          ),
                          "goal", "{_DEFAULT.goal}", "", ""
                        )
                        unless on (job) {SERVICE}
                        unless on (job) {PROMISED}
                    """),
                ),
                Rule(
                    TOTAL,
                    f"sum by (job, objective) ({COUNTED} * on (job) group_right () ({BUDGET} > bool 0))",
                ),
            ),
        ),
    ),
)
