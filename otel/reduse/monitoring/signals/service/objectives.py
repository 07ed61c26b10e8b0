"""Objectives of a service over 30 days: the fraction of its requests that may be bad, which is its error budget.

They come from the company's file and are recorded as series on which the rules join, so the number of rules does not
depend on the number of services. `objective` is the name of the objective, `goal` says which requests are bad.
"""

from reduse.monitoring.definition import Of, Rule, Ruled, Signal, promql
from reduse.monitoring.groups import OBJECTIVES
from reduse.monitoring.signals.service.counted_requests import COUNTED, SERVICE
from reduse.watch.service import DEFAULT_OBJECTIVES

PROMISED = "job_objective:budget:ratio"
"""A fact of the company: the part of requests that may be bad, by `job`, `objective`, `goal`, `threshold` (seconds, as
in `le`; none of availability), and `service`, which is the service's title."""

BUDGET = "job_objective:error_budget:ratio"
"""Including the default objective."""

(_DEFAULT,) = DEFAULT_OBJECTIVES

SIGNAL = Signal(
    name="objectives",
    of=Of.SERVICE,
    rank=21,
    rules=(
        Ruled(
            OBJECTIVES,
            (
                # A service that is not in the file has the default objective; its title is its job.
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
            ),
        ),
    ),
)
