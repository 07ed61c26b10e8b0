"""The groups of rules and their evaluation intervals. Rules of a group are evaluated in their order.

Rules over all series of all services would need a whole CPU core with a few dozen services. The intervals of these
groups therefore grow with the number of services, so that the cost is about the same for 5 and for 200 services.
Windows do not change: a mean over a minute stays a mean over a minute, however often it is evaluated.
"""

import math

from reduse.monitoring.definition import Group

FEW_SERVICES = 5
"""Up to this number of services, groups have their own interval."""

DEFAULT_SECONDS = 5
"""Evaluation interval of a group without its own: `evaluation_interval` of prometheus.yml."""

DATABASES = Group("databases", "databases")
QUEUE = Group("queue", "queue")
PIPELINE = Group("pipeline", "pipeline")
MONITORING = Group("pipeline", "monitoring")
"""Alerts about the monitoring itself; `./reduse check` shows them as causes of missing rows."""
HOST = Group("host", "host")

RED = Group("red", "red", "1s", longest=60)
"""Evaluated every second, like exports every second, so that displayed values are only seconds old."""
RED_OF_RARE_EXPORTS = Group("red", "red-of-rare-exports", "5s", longest=120)
"""For services that export less often, and for those whose interval is unknown, so that it is available at once."""
RED_OF_EXPORTS_EACH_MINUTE = Group("red", "red-of-exports-each-minute", "15s", longest=120)
"""Three times less often, because 200 s of the buckets of a service that exports every second are many samples."""
RED_BY_ROUTE = Group("red", "red-by-route", "5s", longest=120)
"""Five times less often than by service: it is for detailed analysis, and the buckets of routes are many."""

CPU = Group("use", "cpu", "1s", longest=60)
"""As often as RED, so that values exist right after the second export of a service."""
USE = Group("use", "use", longest=30)
SERVICES = Group("use", "services")
"""Alerts about services."""

USERS = Group("users", "users", "1s", longest=60)
USERS_OF_RARE_EXPORTS = Group("users", "users-of-rare-exports", "5s", longest=120)
"""For services that export less often, and for those whose interval is unknown, so that it is available at once.
Between two exports, the newest second is the one in which the last export came: half a second on average."""
LIMITS = Group("users", "limits", "5s", longest=120)
"""Windows of a minute, or of 200 s for a service that exports less often than every 16 s."""
LIMITS_OF_DAYS = Group("users", "limits-of-days", "2m")
"""A window of a day has many samples and changes slowly."""

OBJECTIVES_SECONDS = 30
OBJECTIVES = Group("objectives", "objectives", f"{OBJECTIVES_SECONDS}s", longest=60)
OBJECTIVES_OF_DAYS = Group("objectives", "objectives-of-days", "2m")
"""Windows of days have many samples and change slowly. Prometheus looks back five minutes for recorded values."""

COMPANY = Group("company", "company", "15s", longest=60)
"""Facts about the company, which change only with its file."""

ROWS = Group("rows", "rows", longest=30)
"""Whether each row of the table has current data."""


def interval(group: Group, services: int) -> str:
    """Evaluation interval of the group for a company with this number of services; empty: the default of Prometheus."""
    if not group.longest or services <= FEW_SERVICES:
        return group.interval
    seconds = int(group.interval.removesuffix("s") or DEFAULT_SECONDS) * math.ceil(services / FEW_SERVICES)
    return f"{min(seconds, group.longest)}s"
