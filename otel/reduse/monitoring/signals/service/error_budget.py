"""Burn rate of the error budget of a service: the ratio of bad requests over several windows, and alerts on it.

Longer windows are means of what is recorded over five minutes: asking three days of raw samples, one a second, at each
evaluation would cost more than all the rest.
"""

from dataclasses import dataclass

from reduse.monitoring.dashboards.definition import Panel, Query
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import OBJECTIVES, OBJECTIVES_OF_DAYS, OBJECTIVES_SECONDS
from reduse.monitoring.signals.service import boards
from reduse.monitoring.signals.service.counted_requests import COUNTED
from reduse.monitoring.signals.service.failed_requests import FAILED
from reduse.monitoring.signals.service.objectives import BUDGET
from reduse.monitoring.signals.service.slow_requests import JUDGED, JUDGED_NATIVE, SLOW, of_objective
from reduse.watch.service import Goal

TOTAL = "job_objective:http_requests:rate5m"
"""Requests a second of which it is known whether they are bad."""

BAD = "job_objective:http_requests_bad:rate5m"
RECORDED_EACH = "objectives:evaluation_interval:seconds"
"""A fact of the company: the evaluation interval of these rules, which is longer with many services."""

FEWEST_BAD_REQUESTS = 10
"""With fewer in the long window no alert fires: a single failed request in a quiet night is not an incident."""


@dataclass(frozen=True, slots=True)
class Burn:
    """The budget is spent more than `factor` times as fast as allowed in both windows. The long window shows that it
    matters, the short one that it still happens (The Site Reliability Workbook, chapter 5)."""

    factor: float
    long: str
    short: str
    severity: str


# 2 % of the budget of 30 days in an hour, 5 % in six hours, 10 % in a day, 10 % in three days.
OF_HOURS = (Burn(14.4, "1h", "5m", "critical"), Burn(6, "6h", "30m", "critical"))
OF_DAYS = (Burn(3, "1d", "2h", "warning"), Burn(1, "3d", "6h", "warning"))


def _of_availability(recorded: str) -> str:
    promised = f'{BUDGET}{{goal="{Goal.AVAILABILITY}"}} > bool 0'
    return f"sum by (job, objective) ({recorded} * on (job) group_right () ({promised}))"


def _ratio(window: str) -> Rule:
    asked = f"avg_over_time({BAD}[{window}]) / avg_over_time({TOTAL}[{window}])"
    return Rule(f"job_objective:http_requests_bad:ratio_{window}", asked)


def _number(window: str) -> Rule:
    # A mean over the window would include the time before the first start.
    return Rule(
        f"job_objective:http_requests_bad:sum_{window}",
        promql(f"""
            sum_over_time({BAD}[{window}])
            * on () group_left () ({RECORDED_EACH} or on () vector({OBJECTIVES_SECONDS}))
        """),
    )


def _alert(goal: Goal, burn: Burn) -> Alert:
    ratio, budget = "job_objective:http_requests_bad:ratio_", f'{burn.factor:g} * {BUDGET}{{goal="{goal}"}}'
    name, bad, more = {
        Goal.AVAILABILITY: ("ErrorBudgetBurning", "answered with 5xx", ""),
        Goal.LATENCY: ("LatencyBudgetBurning", "slower than {{ $labels.threshold }} s", ", threshold"),
    }[goal]
    promised = (
        f'{{{{ with printf "{BUDGET}{{job=%q,objective=%q}}" $labels.job $labels.objective | query }}}}'
        "{{ . | first | value | humanizePercentage }}{{ end }}"
    )
    pace = "faster than allowed" if burn.factor == 1 else f"more than {burn.factor:g} times as fast as allowed"
    return Alert(
        name,
        promql(f"""
            {ratio}{burn.long} > on (job, objective) group_left (service{more}) {budget}
            and on (job, objective) {ratio}{burn.short} > on (job, objective) group_left () {budget}
            and on (job, objective) job_objective:http_requests_bad:sum_{burn.long} >= {FEWEST_BAD_REQUESTS}
        """),
        severity=burn.severity,
        labels={"window": burn.long},
        summary=f"{{{{ $labels.service }}}}: too many requests are {bad}",
        description=(
            f"{{{{ $value | humanizePercentage }}}} of the requests of the last {burn.long} were {bad}, and it is "
            f"still happening. At this rate the error budget of 30 days ({promised}) is spent {pace}. First, check "
            "which route is affected, and whether a deployment has just happened."
        ),
        board=boards.RED,
    )


SIGNAL = Signal(
    name="error_budget",
    of=Of.SERVICE,
    rank=60,
    rules=(
        Ruled(
            OBJECTIVES,
            (
                Rule(
                    TOTAL,
                    promql(f"""
                        {_of_availability(COUNTED)}
                        or {of_objective(JUDGED, JUDGED_NATIVE)}
                    """),
                ),
                Rule(
                    BAD,
                    promql(f"""
                        {_of_availability(FAILED)}
                        or {SLOW}
                    """),
                ),
                Rule("job_objective:http_requests_bad:ratio_5m", f"{BAD} / {TOTAL}"),
                *map(_ratio, ("30m", "1h", "2h", "6h")),
                *(_number(burn.long) for burn in OF_HOURS),
                *(_alert(goal, burn) for goal in Goal for burn in OF_HOURS),
            ),
        ),
        Ruled(
            OBJECTIVES_OF_DAYS,
            (
                *(_ratio(burn.long) for burn in OF_DAYS),
                *(_number(burn.long) for burn in OF_DAYS),
                *(_alert(goal, burn) for goal in Goal for burn in OF_DAYS),
            ),
        ),
    ),
    panels=(
        Shown(
            boards.RED,
            "Error budget",
            Panel(
                "Ratio of bad requests by window",
                "Failed or slow requests as a fraction of all. The alert of each window fires at its own multiple of "
                "the error budget.",
                tuple(
                    Query(
                        f'job_objective:http_requests_bad:ratio_{window}{{job="$job"}}', f"{{{{objective}}}} {window}"
                    )
                    for window in ("1h", "6h", "3d")
                ),
                "percentunit",
                alerts=("ErrorBudgetBurning", "LatencyBudgetBurning"),
                width=12,
            ),
        ),
    ),
)
