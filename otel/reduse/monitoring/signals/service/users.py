"""Requests a second of each user of a service: sums over the processors, each of which owns a part of the users.

The processor gives a sample of each second of event time, also for a service that exports each minute: then sixty at
once. So a mean is the sum of those that are there over their number, in the windows of `requests`.
"""

from reduse.monitoring.dashboards.definition import RATE_INTERVAL, Kind, Panel, Query
from reduse.monitoring.definition import Method, Of, Row, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import USERS, USERS_OF_RARE_EXPORTS
from reduse.monitoring.signals.service import boards
from reduse.monitoring.signals.service.export_interval import FREQUENT, RARE, by_interval, unless_known
from reduse.monitoring.windows import SECONDS_STALE_AT_1_S, WINDOW
from reduse.watch.text import Text

SHOWN = 20
"""Number of users in the row and in the panel of the busiest users."""

_SERVICE = 'service="$service"'
_TOP = f'service_user:user_requests:rate{{{_SERVICE},user!~"other|anonymous"}}'

_ROW = f'topk({SHOWN}, sum by (user) (service_user:user_requests:rate{{service="$job"}}))'


def _peak(selected: str, by: str = "") -> str:
    """PromQL of the most requests that a user sent in one second, since the previous point of the graph."""
    level = f" by ({by})" if by else ""
    rate = f'reduse_user_rate_per_second{{{selected},user!~"other|anonymous"}}'
    return f"max{level} (max_over_time({rate}[{RATE_INTERVAL}]))"


def _rate(window: str, *, between_exports: bool) -> str:
    """`other` is there for each second that the processor has seen of a service, with requests or without. Who left
    the top counts with the seconds of being there, so that the sum over users is all requests. A processor that died
    gives no more samples: its part goes when the window is over.

    `between_exports`: the newest second is the one in which the last export came, on average half of one.
    """
    seconds = f'max by (service, instance) (count_over_time(reduse_user_rate_per_second{{user="other"}}[{window}]))'
    return promql(f"""
        sum by (service, user) (
          sum by (service, user, instance) (sum_over_time(reduse_user_rate_per_second[{window}]))
          / on (service, instance) group_left ()
          {f"({seconds} - 0.5)" if between_exports else seconds}
        )
    """)


SIGNAL = Signal(
    name="users",
    of=Of.SERVICE,
    rank=50,
    rules=(
        Ruled(
            USERS,
            (
                Rule(
                    "service_user:user_requests:rate",
                    by_interval(
                        _rate("15s", between_exports=False),
                        (FREQUENT, "service_user:user_requests:rate1m"),
                        (RARE, "service_user:user_requests:rate200s"),
                        by="service",
                    ),
                ),
            ),
        ),
        Ruled(
            USERS_OF_RARE_EXPORTS,
            (
                Rule(
                    "service_user:user_requests:rate1m",
                    _rate("1m", between_exports=True) + "\n" + unless_known(above=FREQUENT, up_to=RARE, by="service"),
                ),
                Rule(
                    "service_user:user_requests:rate200s",
                    _rate("200s", between_exports=True) + "\n" + unless_known(above=RARE, by="service"),
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            boards.USERS,
            "Users",
            Panel(
                "Requests per second by user",
                f"The {SHOWN} busiest users, by pseudonym: `./reduse hash-user ID` prints that of a known user. "
                f"{WINDOW}",
                (Query(f"topk({SHOWN}, {_TOP})", "{{user}}"),),
                "reqps",
                alerts=("UserTakesUnfairShare",),
            ),
        ),
        Shown(
            boards.USERS,
            "Users",
            Panel(
                "Highest second by user",
                "The most requests that a user sent in one second, for the ten users with the most. The mean beside "
                "it is smoother.",
                (Query(f"topk(10, {_peak(f'{_SERVICE}', by='user')})", "{{user}}"),),
                "reqps",
                alerts=("UserTakesUnfairShare",),
            ),
        ),
        Shown(
            boards.USERS,
            "Users",
            Panel(
                "Requests per second by kind of user",
                f"The busiest users together, all other identified users, and anonymous requests. {WINDOW}",
                (
                    Query(f"sum({_TOP})", "top users"),
                    Query(f'service_user:user_requests:rate{{{_SERVICE},user=~"other|anonymous"}}', "{{user}}"),
                ),
                "reqps",
                Kind.STACKED,
            ),
        ),
    ),
    row=Row(
        title=Text("RPS per user"),
        motivation=Text(
            "Before a rate limiter or back pressure is introduced: who sends how much, and whom a limit would affect."
        ),
        labels=("user",),
        method=Method.RED,
        unit="{request}/s",
        value=_ROW,
        # Not the rates themselves: the processor ends them whenever a service is silent, if only between two exports.
        sources=("reduse_user_requests_total",),
        maximum_age=SECONDS_STALE_AT_1_S,
        panel_unit="reqps",
        legend="{{user}}",
        drawn=(
            Query(_ROW, "{{user}}"),
            Query(_peak('service="$job"'), "highest second of any user"),
        ),
        alerts=("UserTakesUnfairShare", "LimitWouldRefuse"),
        window=WINDOW,
        job_label="service",
        follows_exports=True,
    ),
)
