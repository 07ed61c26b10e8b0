"""Active users of a service, and the distribution of their request rates."""

from reduse.monitoring.dashboards.definition import RATE_INTERVAL, Kind, Panel, Query
from reduse.monitoring.definition import Of, Rule, Ruled, Shown, Signal
from reduse.monitoring.groups import LIMITS
from reduse.monitoring.signals.service import boards
from reduse.monitoring.signals.service.export_interval import minute_or_longer

_SERVICE = 'service="$service"'

SIGNAL = Signal(
    name="active_users",
    of=Of.SERVICE,
    rank=210,
    rules=(
        Ruled(
            LIMITS,
            (
                # The newest value, but none that is older than 30 s (200 s for rare exports): a failed processor sends
                # no staleness markers, and its last values would stay for five minutes.
                Rule(
                    "service_window:users_active:sum",
                    minute_or_longer(
                        "sum by (service, window) (last_over_time(reduse_users_active[{}]))".format,
                        by="service",
                        window="30s",
                    ),
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            boards.USERS,
            "Users",
            Panel(
                "Active users",
                "Users with at least one request in the last minute, 5 minutes and hour. The counts are exact.",
                (Query(f"service_window:users_active:sum{{{_SERVICE}}}", "{{window}}"),),
                "short",
            ),
        ),
        Shown(
            boards.USERS,
            "Users",
            Panel(
                "Distribution of request rates over users",
                "How many users sent how many requests per second.",
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
)
