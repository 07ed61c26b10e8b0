"""The Debian packages that one company's parts need: no database, no PostgreSQL."""

from pathlib import Path

from reduse.stack import packages, programs
from reduse.stack.installation import Installation
from reduse.stack.packages import POSTGRES_BIN, RABBITMQ_SERVER
from reduse.stack.store.chosen import chosen


def required(installation: Installation) -> dict[str, Path]:
    """By name, with a program that proves that the package is there, or that another one is run in its place."""
    settings, processes = installation.settings, installation.processes
    wanted = {
        **chosen(settings).packages(),
        "prometheus-alertmanager": packages.first_lacking(programs.alertmanager(settings), programs.amtool(settings)),
    }
    if processes.databases and settings.postgresql_bin is None:
        wanted["postgresql-15"] = POSTGRES_BIN / "postgres"
    if processes.brokers:
        wanted["rabbitmq-server"] = RABBITMQ_SERVER
    return wanted
