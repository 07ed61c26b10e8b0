"""The groups of rules: how often each is evaluated. Within a group rules are evaluated in their order."""

from reduse.monitoring.definition import Group

DATABASES = Group("databases", "databases")
QUEUE = Group("queue", "queue")
PIPELINE = Group("pipeline", "pipeline")
MONITORING = Group("pipeline", "monitoring")
"""Alerts on the monitoring itself: `check` takes them for causes of missing rows."""
HOST = Group("host", "host")
