"""The Debian packages that one company's parts need: no database, no PostgreSQL."""

from pathlib import Path

from reduse.settings.stack import Settings
from reduse.stack import packages, programs
from reduse.stack.installation import Installation
from reduse.stack.kafka import jars
from reduse.stack.packages import JAVA_PACKAGE, MAVEN_PACKAGE, POSTGRES_BIN, RABBITMQ_SERVER
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
    return wanted | (of_kafka(settings) if settings.starts_kafka else {})


def of_kafka(settings: Settings) -> dict[str, Path]:
    """The same for Kafka: Maven only where its jars are not cached yet."""
    wanted = {JAVA_PACKAGE: programs.java(settings)}
    if jars.find(settings) is None:
        wanted[MAVEN_PACKAGE] = programs.maven()
    return wanted
