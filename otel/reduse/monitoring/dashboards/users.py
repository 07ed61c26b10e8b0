"""Who sends how much, and what a limit would do to them."""

from reduse.monitoring.dashboards.definition import (
    RATE_INTERVAL,
    Board,
    Kind,
    Panel,
    Query,
    Section,
    Variable,
    warn_at,
)
from reduse.monitoring.windows import MINUTE_WINDOW, WINDOW

_SERVICE = 'service="$service"'
_RATES = f'service_user:user_requests:rate{{{_SERVICE},user!~"other|anonymous"}}'
_LADDER = f'{_SERVICE},burst="$burst"'

USERS = Board(
    "reduse-users",
    "Users and limits",
    "Requests of each user of the service chosen above, and what rate limits would have refused.",
    (
        Section(
            "Who",
            (
                Panel(
                    "Top users",
                    f"Requests a second, by pseudonym: `./reduse hash-user ID` finds a known user. {WINDOW}",
                    (
                        Query(
                            f'topk(20, service_user:user_requests:rate{{{_SERVICE},user!~"other|anonymous"}})',
                            "{{user}}",
                        ),
                    ),
                    "reqps",
                    alerts=("UserTakesUnfairShare",),
                    width=12,
                ),
                Panel(
                    "All requests",
                    f"The top users together, all other identified users, and nobody known. {WINDOW}",
                    (
                        Query(f"sum({_RATES})", "top users"),
                        Query(f'service_user:user_requests:rate{{{_SERVICE},user=~"other|anonymous"}}', "{{user}}"),
                    ),
                    "reqps",
                    Kind.STACKED,
                    width=12,
                ),
                Panel(
                    "Active users",
                    "With a request in the last minute, five minutes and hour: exact.",
                    (Query(f"service_window:users_active:sum{{{_SERVICE}}}", "{{window}}"),),
                    "short",
                ),
                Panel(
                    "Share of the largest user",
                    "Of what identified users send.",
                    (Query(f"service:user_requests_largest:ratio{{{_SERVICE}}}", "largest"),),
                    "percentunit",
                    thresholds=warn_at(0.3, 0.5),
                    alerts=("UserTakesUnfairShare",),
                    maximum=1,
                ),
                Panel(
                    "Spread of users' rates",
                    "How many users sent how many requests a second.",
                    (
                        Query(
                            "sum by (le) (increase(reduse_user_rate_distribution_per_second_bucket"
                            f"{{{_SERVICE}}}[{RATE_INTERVAL}]))",
                            "{{le}}",
                        ),
                    ),
                    "reqps",
                    Kind.HEATMAP,
                ),
            ),
        ),
        Section(
            "What a limit would do",
            (
                Panel(
                    "Refused, by limit",
                    f"Part of identified users' requests that a limit for each user refuses. {MINUTE_WINDOW}",
                    (Query(f"sort_desc(service_limit_burst:rate_limit_rejected:ratio{{{_LADDER}}})", "{{limit}}/s"),),
                    "percentunit",
                    Kind.BARS,
                    alerts=("LimitWouldRefuse",),
                    maximum=1,
                ),
                Panel(
                    "Users touched, by limit",
                    "Part of the users of the last hour of whom it refuses at least one request.",
                    (Query(f"sort_desc(service_limit_burst:rate_limit_users:ratio{{{_LADDER}}})", "{{limit}}/s"),),
                    "percentunit",
                    Kind.BARS,
                    alerts=("LimitWouldRefuse",),
                    maximum=1,
                ),
                Panel(
                    "Refused over time",
                    f"Requests a second that each limit would have refused. {MINUTE_WINDOW}",
                    (Query(f"service_limit_burst:rate_limit_rejected:rate{{{_LADDER}}}", "{{limit}}/s"),),
                    "reqps",
                    alerts=("LimitWouldRefuse",),
                ),
            ),
        ),
        Section(
            "What back-pressure would meet",
            (
                Panel(
                    "Requests in the service at once",
                    f"Server seconds in a second, by Little's law. {WINDOW}",
                    (Query(f"service:concurrency:sum{{{_SERVICE}}}", "requests"),),
                    "short",
                ),
                Panel(
                    "Users that keep the server busy",
                    "Server seconds in a second, of the users with the most.",
                    (
                        Query(
                            f'topk(10, sum by (user) (reduse_user_concurrency{{{_SERVICE},user!~"other|anonymous"}}))',
                            "{{user}}",
                        ),
                    ),
                    "short",
                    alerts=("UserTakesUnfairShare",),
                ),
                Panel(
                    "Time above a concurrency limit",
                    "Part of the time in which more requests were in the service at once.",
                    (
                        Query(
                            "sort_desc(sum by (limit) (rate(reduse_concurrency_limit_above_seconds_total"
                            f"{{{_SERVICE}}}[{RATE_INTERVAL}])) / on () group_left () "
                            f"sum(rate(reduse_service_observed_seconds_total{{{_SERVICE}}}[{RATE_INTERVAL}])))",
                            "{{limit}} at once",
                        ),
                    ),
                    "percentunit",
                    Kind.BARS,
                    maximum=1,
                ),
            ),
        ),
    ),
    (
        Variable("service", "service", "reduse_user_requests_total", "mes-api"),
        Variable("burst", "burst", "reduse_rate_limit_rejected_total", "2", '{service="$service"}'),
    ),
)
