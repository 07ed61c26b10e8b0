"""What rate limits would do to the users of a service: rejected requests and affected users.

Of all requests to the service; `policies` has those of a group of routes.
"""

from reduse.monitoring.dashboards.definition import Kind, Panel, Query
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import LIMITS
from reduse.monitoring.signals.service import boards
from reduse.monitoring.signals.service.export_interval import minute_or_longer
from reduse.monitoring.windows import MINUTE_WINDOW

SECTION = "What a rate limit would do"

CONSIDERED = "service_limit:refused:ratio"
"""A fact of the company: the fraction of the requests of identified users that a limit under consideration may reject,
by `service` (the job) and `limit` (requests per second, as written by the processor)."""

_LADDER = 'service="$service",burst="$burst"'


def of_seconds_seen(by: str, counter: str) -> str:
    """Increase per second. The processor's counters have one sample for each second, and the newest sample may be as
    old as an export interval, so the increase is divided by the number of seconds with samples."""
    return minute_or_longer(
        lambda window: f"sum by ({by}) (increase({counter}[{window}]) / count_over_time({counter}[{window}]))",
        by="service",
    )


SIGNAL = Signal(
    name="limits",
    of=Of.SERVICE,
    rank=230,
    rules=(
        Ruled(
            LIMITS,
            (
                # Only identified users can be limited individually.
                Rule(
                    "service:identified_requests:rate",
                    of_seconds_seen("service", 'reduse_user_requests_total{identity="user"}'),
                ),
                Rule(
                    "service_limit_burst:rate_limit_rejected:rate",
                    of_seconds_seen("service, limit, burst", 'reduse_rate_limit_rejected_total{policy=""}'),
                ),
                Rule(
                    "service_limit_burst:rate_limit_rejected:ratio",
                    promql("""
                        service_limit_burst:rate_limit_rejected:rate
                        / on (service) group_left () (service:identified_requests:rate > 0)
                    """),
                ),
                Rule(
                    "service_limit_burst:rate_limit_users:sum",
                    minute_or_longer(
                        lambda window: (
                            "sum by (service, limit, burst) "
                            f'(last_over_time(reduse_rate_limit_users{{window="1h",policy=""}}[{window}]))'
                        ),
                        by="service",
                        window="30s",
                    ),
                ),
                Rule(
                    "service_limit_burst:rate_limit_users:ratio",
                    promql("""
                        service_limit_burst:rate_limit_users:sum
                        / on (service) group_left ()
                        (sum by (service) (service_window:users_active:sum{window="1h"}) > 0)
                    """),
                ),
                Alert(
                    "LimitWouldRefuse",
                    f"service_limit_burst:rate_limit_rejected:ratio > on (service, limit) group_left () {CONSIDERED}",
                    severity="warning",
                    wait="1m",
                    summary=(
                        "A rate limit of {{ $labels.limit }} requests per second would reject requests to "
                        "{{ $labels.service }}"
                    ),
                    description=(
                        "With a limit of {{ $labels.limit }} requests per second for each user and a burst of "
                        "{{ $labels.burst }} s, {{ $value | humanizePercentage }} of the requests of identified users "
                        "to {{ $labels.service }} would be rejected. The limit is only being considered: no request is "
                        "rejected now. First, check whether one user or many would be affected."
                    ),
                    board=boards.USERS,
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            boards.USERS,
            SECTION,
            Panel(
                "Requests that each limit would reject",
                "Fraction of the requests of identified users that a limit per user would have rejected. "
                f"{MINUTE_WINDOW}",
                (Query(f"sort_desc(service_limit_burst:rate_limit_rejected:ratio{{{_LADDER}}})", "{{limit}} req/s"),),
                "percentunit",
                Kind.BARS,
                alerts=("LimitWouldRefuse",),
                maximum=1,
            ),
        ),
        Shown(
            boards.USERS,
            SECTION,
            Panel(
                "Users that each limit would affect",
                "Fraction of the users of the last hour of whom a limit per user would have rejected at least one "
                "request.",
                (Query(f"sort_desc(service_limit_burst:rate_limit_users:ratio{{{_LADDER}}})", "{{limit}} req/s"),),
                "percentunit",
                Kind.BARS,
                alerts=("LimitWouldRefuse",),
                maximum=1,
            ),
        ),
        Shown(
            boards.USERS,
            SECTION,
            Panel(
                "Rejected requests over time",
                f"Requests per second that each limit would have rejected. {MINUTE_WINDOW}",
                (Query(f"service_limit_burst:rate_limit_rejected:rate{{{_LADDER}}}", "{{limit}} req/s"),),
                "reqps",
                alerts=("LimitWouldRefuse",),
            ),
        ),
    ),
)
