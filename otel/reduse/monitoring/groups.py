"""The groups of rules: how often each is evaluated. Within a group rules are evaluated in their order."""

from reduse.monitoring.definition import Group

DATABASES = Group("databases", "databases")
QUEUE = Group("queue", "queue")
PIPELINE = Group("pipeline", "pipeline")
MONITORING = Group("pipeline", "monitoring")
"""Alerts on the monitoring itself: `check` takes them for causes of missing rows."""
HOST = Group("host", "host")

RED = Group("red", "red", "1s")
"""Exports of a second come each second and so does their evaluation: a number on a screen is seconds old."""
RED_OF_RARE_EXPORTS = Group("red", "red-of-rare-exports", "5s")
"""Of the services that export more rarely, and of those of which that is not known yet: so it is there when it is."""
RED_OF_EXPORTS_EACH_MINUTE = Group("red", "red-of-exports-each-minute", "15s")
"""Three times as rarely again: of a service that exports each second, the buckets of 200 s are many samples."""
RED_BY_ROUTE = Group("red", "red-by-route", "5s")
"""Five times as rarely as by service: these are for looking closer, and a route's buckets are many."""

CPU = Group("use", "cpu", "1s")
"""As often as RED, so that it is there as soon as the second export of a service has come."""
USE = Group("use", "use")
SERVICES = Group("use", "services")
"""Alerts on services."""

USERS = Group("users", "users", "1s")
USERS_OF_RARE_EXPORTS = Group("users", "users-of-rare-exports", "5s")
"""Of the services that export more rarely, and of those of which that is not known yet: so it is there when it is.
Between two exports the newest second is the one in which the last export came: on average half of one."""
LIMITS = Group("users", "limits", "5s")
"""Over a minute, or 200 s for a service that exports more rarely than each 16 s."""

OBJECTIVES = Group("objectives", "objectives", "15s")
OBJECTIVES_OF_DAYS = Group("objectives", "objectives-of-days", "2m")
"""A window of days has many samples and changes slowly; Prometheus looks back five minutes for what is recorded."""

ROWS = Group("rows", "rows")
"""Whether each row of the table has fresh data."""
