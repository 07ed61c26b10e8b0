"""Policies of a service, named groups of its routes: their users, what their limits would do, what is throttled."""

from reduse.monitoring.dashboards.definition import Kind, Panel, Query
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import LIMITS, LIMITS_OF_DAYS
from reduse.monitoring.signals.service import boards
from reduse.monitoring.signals.service.export_interval import minute_or_longer
from reduse.monitoring.signals.service.limits import of_seconds_seen
from reduse.monitoring.windows import MINUTE_WINDOW

SECTION = "Policies"

REFUSED = "service_policy_limit:refused:ratio"
"""A fact of the company: the part of identified users' requests under a policy that a limit may refuse which is being
considered, by `service` (the job), `policy` and `limit` (`60/minute`, as the processor writes it)."""

TOUCHED = "service_policy_limit:touched:ratio"
"""Likewise: the part of users whom it was expected to touch when it was chosen."""

TIMES_MORE = 3
"""A limit that touches so many times the users that were expected no longer fits."""

FEWEST_TOUCHED = 3
"""Users, touched or expected to be: one more or less says nothing about a part."""

_SERVICE = 'service="$service"'


def _newest(by: str, selector: str) -> str:
    return minute_or_longer(
        lambda window: f"sum by ({by}) (last_over_time({selector}[{window}]))", by="service", window="30s"
    )


def _named(expr: str) -> str:
    """With a name for what is under no policy."""
    return f'label_replace({expr}, "policy", "no policy", "policy", "")'


SIGNAL = Signal(
    name="policies",
    of=Of.SERVICE,
    rank=235,
    rules=(
        Ruled(
            LIMITS,
            (
                Rule(
                    "service_policy:policy_requests:rate",
                    of_seconds_seen("service, policy", "reduse_policy_requests_total"),
                ),
                Rule(
                    "service_policy:policy_users:sum",
                    _newest("service, policy", 'reduse_policy_users{window="1h"}'),
                ),
                Rule(
                    "service_policy_limit_burst:rate_limit_rejected:rate",
                    of_seconds_seen("service, policy, limit, burst", 'reduse_rate_limit_rejected_total{policy!=""}'),
                ),
                Rule(
                    "service_policy_limit_burst:rate_limit_rejected:ratio",
                    promql("""
                        service_policy_limit_burst:rate_limit_rejected:rate
                        / on (service, policy) group_left () (service_policy:policy_requests:rate > 0)
                    """),
                ),
                Rule(
                    "service_policy_limit_burst:rate_limit_users:sum",
                    _newest("service, policy, limit, burst", 'reduse_rate_limit_users{window="1h",policy!=""}'),
                ),
                Rule(
                    "service_policy_limit_burst:rate_limit_users:ratio",
                    promql("""
                        service_policy_limit_burst:rate_limit_users:sum
                        / on (service, policy) group_left () (service_policy:policy_users:sum > 0)
                    """),
                ),
                # Under no policy too: then the label is empty.
                Rule(
                    "service_policy:throttled_requests:rate",
                    of_seconds_seen("service, policy", "reduse_throttled_requests_total"),
                ),
                Rule(
                    "service_policy:throttled_users:sum",
                    _newest("service, policy", 'reduse_throttled_users{window="1h"}'),
                ),
                Alert(
                    "PolicyLimitWouldRefuse",
                    promql(f"""
                        service_policy_limit_burst:rate_limit_rejected:ratio
                        > on (service, policy, limit) group_left () {REFUSED}
                    """),
                    severity="warning",
                    wait="1m",
                    summary=(
                        "A limit of {{ $labels.limit }} for {{ $labels.policy }} would reject requests to "
                        "{{ $labels.service }}"
                    ),
                    description=(
                        "{{ $value | humanizePercentage }} of the identified users' requests to "
                        "{{ $labels.service }} under the policy {{ $labels.policy }} exceed {{ $labels.limit }} per "
                        "user, with a burst of {{ $labels.burst }} requests."
                    ),
                    board=boards.USERS,
                ),
            ),
        ),
        Ruled(
            LIMITS_OF_DAYS,
            (
                Rule(
                    "service_policy_limit_burst:rate_limit_users:max1d",
                    "max_over_time(service_policy_limit_burst:rate_limit_users:sum[1d])",
                ),
                # Too many, or nobody for a day in which the limit was tried and users came.
                Alert(
                    "LimitNoLongerFits",
                    promql(f"""
                        (
                          service_policy_limit_burst:rate_limit_users:ratio
                          > on (service, policy, limit) group_left () ({TIMES_MORE} * {TOUCHED})
                          and service_policy_limit_burst:rate_limit_users:sum >= {FEWEST_TOUCHED}
                        )
                        or
                        (
                          service_policy_limit_burst:rate_limit_users:max1d == 0
                          and service_policy_limit_burst:rate_limit_users:sum offset 1d
                          and on (service, policy, limit)
                          {TOUCHED} * on (service, policy) group_left () service_policy:policy_users:sum
                          >= {FEWEST_TOUCHED}
                        )
                    """),
                    severity="warning",
                    wait="1h",
                    summary=(
                        "The limit of {{ $labels.limit }} for {{ $labels.policy }} of {{ $labels.service }} no longer "
                        "fits its traffic"
                    ),
                    description=(
                        "The limit would affect {{ $value | humanizePercentage }} of the users under the policy "
                        "{{ $labels.policy }} of {{ $labels.service }} within an hour; "
                        f'{{{{ with printf "{TOUCHED}{{service=%q,policy=%q,limit=%q}}" '
                        "$labels.service $labels.policy $labels.limit | query }}"
                        "{{ with first . }}{{ .Value | humanizePercentage }}{{ end }}{{ end }} were expected when it "
                        "was chosen. Choose the limit again."
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
                "Requests, by policy",
                f"Requests of identified users under the policy. {MINUTE_WINDOW}",
                (Query(f"service_policy:policy_requests:rate{{{_SERVICE}}}", "{{policy}}"),),
                "reqps",
                may_be_empty=True,
            ),
        ),
        Shown(
            boards.USERS,
            SECTION,
            Panel(
                "Users, by policy",
                "Users with a request under the policy in the last hour.",
                (Query(f"service_policy:policy_users:sum{{{_SERVICE}}}", "{{policy}}"),),
                "short",
                may_be_empty=True,
            ),
        ),
        Shown(
            boards.USERS,
            SECTION,
            Panel(
                "Requests rejected, by limit of a policy",
                "Share of the identified users' requests under the policy that a limit per user would reject. "
                f"{MINUTE_WINDOW}",
                (
                    Query(
                        f"sort_desc(service_policy_limit_burst:rate_limit_rejected:ratio{{{_SERVICE}}})",
                        "{{policy}} {{limit}}",
                    ),
                ),
                "percentunit",
                Kind.BARS,
                alerts=("PolicyLimitWouldRefuse",),
                maximum=1,
                may_be_empty=True,
            ),
        ),
        Shown(
            boards.USERS,
            SECTION,
            Panel(
                "Users affected, by limit of a policy",
                "Share of the policy's users of the last hour of whom the limit would reject at least one request.",
                (
                    Query(
                        f"sort_desc(service_policy_limit_burst:rate_limit_users:ratio{{{_SERVICE}}})",
                        "{{policy}} {{limit}}",
                    ),
                ),
                "percentunit",
                Kind.BARS,
                alerts=("LimitNoLongerFits",),
                maximum=1,
                may_be_empty=True,
            ),
        ),
        Shown(
            boards.USERS,
            SECTION,
            Panel(
                "Throttled requests, by policy",
                f"Requests of identified users that the service itself answered with 429. {MINUTE_WINDOW}",
                (Query(_named(f"service_policy:throttled_requests:rate{{{_SERVICE}}}"), "{{policy}}"),),
                "reqps",
                may_be_empty=True,
            ),
        ),
        Shown(
            boards.USERS,
            SECTION,
            Panel(
                "Predicted and throttled requests, by policy",
                "Requests that each limit of a policy would reject, beside those that the service answered with 429. "
                f"With that limit in force, and no other, the lines meet. {MINUTE_WINDOW}",
                (
                    Query(
                        f"service_policy_limit_burst:rate_limit_rejected:rate{{{_SERVICE}}}",
                        "{{policy}} {{limit}} predicted",
                    ),
                    Query(f'service_policy:throttled_requests:rate{{{_SERVICE},policy!=""}}', "{{policy}} throttled"),
                ),
                "reqps",
                may_be_empty=True,
            ),
        ),
        Shown(
            boards.USERS,
            SECTION,
            Panel(
                "Throttled users, by policy",
                "Users of the last hour of whom the service answered at least one request with 429.",
                (Query(_named(f"service_policy:throttled_users:sum{{{_SERVICE}}}"), "{{policy}}"),),
                "short",
                may_be_empty=True,
            ),
        ),
    ),
)
