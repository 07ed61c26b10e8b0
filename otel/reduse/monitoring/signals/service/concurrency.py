"""Concurrent requests of a service and of its users, by Little's law from the server seconds in each second: what
back pressure would limit."""

from reduse.monitoring.dashboards.definition import RATE_INTERVAL, Kind, Panel, Query
from reduse.monitoring.definition import Of, Rule, Ruled, Shown, Signal
from reduse.monitoring.groups import LIMITS
from reduse.monitoring.signals.service import boards
from reduse.monitoring.signals.service.export_interval import FREQUENT, RARE, by_interval
from reduse.monitoring.windows import WINDOW

SECTION = "Concurrency"

_SERVICE = 'service="$service"'


def _mean(window: str) -> str:
    return f"sum by (service) (avg_over_time(reduse_service_concurrency[{window}]))"


SIGNAL = Signal(
    name="concurrency",
    of=Of.SERVICE,
    rank=130,
    rules=(
        Ruled(
            LIMITS,
            (
                Rule(
                    "service:concurrency:sum",
                    by_interval(_mean("15s"), (FREQUENT, _mean("1m")), (RARE, _mean("200s")), by="service"),
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            boards.USE,
            boards.USE_SECTION,
            Panel(
                "Concurrent requests",
                "Server seconds spent in each second, which by Little's law is the mean number of requests in "
                f"progress. {WINDOW}",
                (Query('service:concurrency:sum{service="$job"}', "requests"),),
                "short",
            ),
        ),
        Shown(
            boards.USERS,
            SECTION,
            Panel(
                "Concurrent requests",
                "Server seconds spent in each second, which by Little's law is the mean number of requests in "
                f"progress. {WINDOW}",
                (Query(f"service:concurrency:sum{{{_SERVICE}}}", "requests"),),
                "short",
            ),
        ),
        Shown(
            boards.USERS,
            SECTION,
            Panel(
                "Concurrent requests by user",
                "Server seconds spent in each second on the requests of a user: the ten users with the most.",
                (
                    Query(
                        f'topk(10, sum by (user) (reduse_user_concurrency{{{_SERVICE},user!~"other|anonymous"}}))',
                        "{{user}}",
                    ),
                ),
                "short",
                alerts=("UserTakesUnfairShare",),
            ),
        ),
        Shown(
            boards.USERS,
            SECTION,
            Panel(
                "Time above a concurrency limit",
                "Fraction of the time in which more requests were in progress than the limit allows.",
                (
                    Query(
                        "sort_desc(sum by (limit) (rate(reduse_concurrency_limit_above_seconds_total"
                        f"{{{_SERVICE}}}[{RATE_INTERVAL}])) / on () group_left () "
                        f"sum(rate(reduse_service_observed_seconds_total{{{_SERVICE}}}[{RATE_INTERVAL}])))",
                        "limit {{limit}}",
                    ),
                ),
                "percentunit",
                Kind.BARS,
                maximum=1,
            ),
        ),
    ),
)
