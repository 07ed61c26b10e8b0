"""The groups of rules: how often each is evaluated. Within a group rules are evaluated in their order.

What is asked of every series of every service would take all of a core with some tens of services. So with their number
the intervals of these groups grow, and what is asked of all services together costs about the same for five and for two
hundred. Windows stay as they are: a mean over a minute is one, however often it is taken.
"""

import math

from reduse.monitoring.definition import Group

FEW_SERVICES = 5
"""Up to so many services every group has its own interval."""

DEFAULT_SECONDS = 5
"""Between two evaluations of a group without an interval: `evaluation_interval` of prometheus.yml."""

DATABASES = Group("databases", "databases")
QUEUE = Group("queue", "queue")
PIPELINE = Group("pipeline", "pipeline")
MONITORING = Group("pipeline", "monitoring")
"""Alerts on the monitoring itself: `check` takes them for causes of missing rows."""
HOST = Group("host", "host")

RED = Group("red", "red", "1s", longest=60)
"""Exports of a second come each second and so does their evaluation: a number on a screen is seconds old."""
RED_OF_RARE_EXPORTS = Group("red", "red-of-rare-exports", "5s", longest=120)
"""Of the services that export more rarely, and of those of which that is not known yet: so it is there when it is."""
RED_OF_EXPORTS_EACH_MINUTE = Group("red", "red-of-exports-each-minute", "15s", longest=120)
"""Three times as rarely again: of a service that exports each second, the buckets of 200 s are many samples."""
RED_BY_ROUTE = Group("red", "red-by-route", "5s", longest=120)
"""Five times as rarely as by service: these are for looking closer, and a route's buckets are many."""

CPU = Group("use", "cpu", "1s", longest=60)
"""As often as RED, so that it is there as soon as the second export of a service has come."""
USE = Group("use", "use", longest=30)
SERVICES = Group("use", "services")
"""Alerts on services."""

USERS = Group("users", "users", "1s", longest=60)
USERS_OF_RARE_EXPORTS = Group("users", "users-of-rare-exports", "5s", longest=120)
"""Of the services that export more rarely, and of those of which that is not known yet: so it is there when it is.
Between two exports the newest second is the one in which the last export came: on average half of one."""
LIMITS = Group("users", "limits", "5s", longest=120)
"""Over a minute, or 200 s for a service that exports more rarely than each 16 s."""
LIMITS_OF_DAYS = Group("users", "limits-of-days", "2m")
"""A window of a day has many samples and changes slowly."""

OBJECTIVES_SECONDS = 30
OBJECTIVES = Group("objectives", "objectives", f"{OBJECTIVES_SECONDS}s", longest=60)
OBJECTIVES_OF_DAYS = Group("objectives", "objectives-of-days", "2m")
"""A window of days has many samples and changes slowly; Prometheus looks back five minutes for what is recorded."""

COMPANY = Group("company", "company", "15s", longest=60)
"""What rules are told of the company: it changes with its file only."""

ROWS = Group("rows", "rows", longest=30)
"""Whether each row of the table has fresh data."""


def interval(group: Group, services: int) -> str:
    """Between two evaluations of the group, for a company with so many services; empty: Prometheus' own."""
    if not group.longest or services <= FEW_SERVICES:
        return group.interval
    seconds = int(group.interval.removesuffix("s") or DEFAULT_SECONDS) * math.ceil(services / FEW_SERVICES)
    return f"{min(seconds, group.longest)}s"
