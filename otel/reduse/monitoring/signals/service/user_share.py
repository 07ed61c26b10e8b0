"""The share of the busiest user in the requests of all identified users."""

from reduse.monitoring.dashboards.definition import Panel, Query, warn_at
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import LIMITS
from reduse.monitoring.signals.service import boards

UNFAIR = 0.5
"""Fraction of the requests of all identified users."""

FEWEST_REQUESTS = 5
"""Requests per second of all identified users below which the alert does not fire."""

SIGNAL = Signal(
    name="user_share",
    of=Of.SERVICE,
    rank=220,
    rules=(
        Ruled(
            LIMITS,
            (
                Rule(
                    "service:user_requests_largest:ratio",
                    promql("""
                        max by (service) (service_user:user_requests:rate{user!~"other|anonymous"})
                        / (sum by (service) (service_user:user_requests:rate{user!="anonymous"}) > 0)
                    """),
                ),
                # The user's pseudonym is asked for when the alert is written, and is no label: a change of the largest
                # user would begin another alert. For a moment nobody has more than half while another user takes the
                # place of the largest one, so it is kept.
                Alert(
                    "UserTakesUnfairShare",
                    promql(f"""
                        service:user_requests_largest:ratio > {UNFAIR}
                        and on (service)
                        sum by (service) (service_user:user_requests:rate{{user!="anonymous"}}) > {FEWEST_REQUESTS}
                    """),
                    severity="warning",
                    wait="1m",
                    keep="1m",
                    summary="One user sends most of the requests to {{ $labels.service }}",
                    description=(
                        """{{ with printf "topk(1, service_user:user_requests:rate{service=%q,"""
                        """user!~'other|anonymous'})" $labels.service | query }}{{ with first . }}"""
                        "User {{ .Labels.user }}{{ end }}{{ end }} sends {{ $value | humanizePercentage }} of the "
                        "requests "
                        "of all identified users to {{ $labels.service }}. Other users may have to wait longer. First, "
                        "check whether response times have risen."
                    ),
                    board=boards.USERS,
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            boards.USERS,
            "Users",
            Panel(
                "Share of the busiest user",
                "Requests of the busiest user as a fraction of the requests of all identified users.",
                (Query('service:user_requests_largest:ratio{service="$service"}', "busiest user"),),
                "percentunit",
                thresholds=warn_at(0.3, UNFAIR),
                alerts=("UserTakesUnfairShare",),
                maximum=1,
            ),
        ),
    ),
)
