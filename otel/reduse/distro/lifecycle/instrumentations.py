"""Which instrumentations there are. A new one is a file of `sources` and one line here."""

from collections.abc import Mapping

from reduse.distro.sources.database.asyncpg_operations import ASYNCPG
from reduse.distro.sources.database.asyncpg_pools import ASYNCPG_POOLS
from reduse.distro.sources.database.psycopg2_operations import PSYCOPG2
from reduse.distro.sources.database.psycopg2_pools import PSYCOPG2_POOLS
from reduse.distro.sources.database.psycopg_operations import PSYCOPG
from reduse.distro.sources.database.psycopg_pools import PSYCOPG_POOLS
from reduse.distro.sources.database.sqlalchemy_pools import SQLALCHEMY_POOLS
from reduse.distro.sources.http.applications import ASGI_APPLICATIONS
from reduse.distro.sources.http.wsgi.django_applications import DJANGO_APPLICATIONS
from reduse.distro.sources.http.wsgi.flask_applications import FLASK_APPLICATIONS
from reduse.distro.sources.instrumentation import Instrumentation, Process
from reduse.distro.sources.messaging.aiormq_messages import AIO_PIKA
from reduse.distro.sources.messaging.pika_messages import PIKA
from reduse.distro.sources.runtime.event_loop import EVENT_LOOP
from reduse.distro.sources.runtime.process_metrics import PROCESS_METRICS

INSTRUMENTATIONS: tuple[Instrumentation, ...] = (
    PROCESS_METRICS,
    ASGI_APPLICATIONS,
    FLASK_APPLICATIONS,
    DJANGO_APPLICATIONS,
    PIKA,
    AIO_PIKA,
    EVENT_LOOP,
    PSYCOPG2,
    PSYCOPG2_POOLS,
    PSYCOPG,
    PSYCOPG_POOLS,
    ASYNCPG,
    ASYNCPG_POOLS,
    SQLALCHEMY_POOLS,
)

# Contrib's instrumentations that would measure the same, and those of which ours make use themselves.
REPLACED = frozenset().union(*(each.replaces for each in INSTRUMENTATIONS))
SUPERSEDED = frozenset().union(*(each.supersedes for each in INSTRUMENTATIONS))


def start_instrumentations(process: Process, environment: Mapping[str, str]) -> None:
    """Put all in place but those that OTEL_PYTHON_DISABLED_INSTRUMENTATIONS names."""
    for each in INSTRUMENTATIONS:
        if each.name is None or not _is_disabled(each.name, environment):
            each.start(process)


def _is_disabled(name: str, environment: Mapping[str, str]) -> bool:
    disabled = environment.get("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "")
    names = {part.strip() for part in disabled.split(",")}
    return name in names or "*" in names
