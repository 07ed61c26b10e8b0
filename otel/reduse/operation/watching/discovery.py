"""What is running, for a file that is to be written: services that report, databases of instances, queues."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import httpx
from pg8000.exceptions import DatabaseError, InterfaceError

from reduse.errors import StackError
from reduse.operation.watching import postgresql, rabbitmq, services
from reduse.operation.watching.finding import Finding, State
from reduse.operation.watching.lookup import Lookup, NotThereError
from reduse.watch.stores import Broker, Database


@dataclass(frozen=True, slots=True)
class FoundService:
    """A service that reports; `interval` in seconds, None when it is not known."""

    name: str
    namespace: str | None
    users: bool
    interval: float | None


@dataclass(frozen=True, slots=True)
class FoundDatabase:
    """`databases`: those that are there; `missing`: what could not be had."""

    entry: Database
    databases: Sequence[str] = ()
    missing: Sequence[Finding] = ()


@dataclass(frozen=True, slots=True)
class FoundBroker:
    """`vhosts`, `queues` and `letters`, the queues of dead letters; `missing`: what could not be had."""

    entry: Broker
    vhosts: Sequence[str] = ()
    queues: Sequence[tuple[str, str]] = ()
    letters: Sequence[str] = ()
    missing: Sequence[Finding] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """All that is to be in the file."""

    company: str
    services: Sequence[FoundService] = ()
    databases: Sequence[FoundDatabase] = field(default_factory=tuple)
    brokers: Sequence[FoundBroker] = field(default_factory=tuple)


def of_store(store: services.Store, others: Iterable[str] = ()) -> list[FoundService]:
    """Services that report to this store, but for these jobs; none when it does not answer."""
    try:
        seen = services.look(store)
    except StackError:
        return []
    # What the agent reads by itself has no exports of its own, and no HTTP.
    return [_service(job, seen) for job in seen.jobs if job not in set(others)]


def _service(job: str, seen: services.Seen) -> FoundService:
    namespace, slash, name = job.partition("/")
    if not slash:
        namespace, name = "", job
    interval = seen.intervals.get(job)
    return FoundService(name, namespace or None, job in seen.users, None if interval is None else round(interval, 1))


def of_instance(entry: Database, lookup: Lookup) -> FoundDatabase:
    """What a PostgreSQL instance has."""
    findings = tuple(each for each in postgresql.check(entry, lookup) if each.state is State.MISSING)
    try:
        target, _ = postgresql.target_of(entry, lookup)
        instance = postgresql.read(target)
    except (NotThereError, DatabaseError, InterfaceError, OSError, postgresql.TlsRefusedError):
        return FoundDatabase(entry, missing=findings)
    return FoundDatabase(entry, instance.databases, findings)


def of_broker(entry: Broker, lookup: Lookup) -> FoundBroker:
    """What a RabbitMQ broker has."""
    findings = tuple(each for each in rabbitmq.check(entry, (), lookup) if each.state is State.MISSING)
    found = FoundBroker(entry, missing=findings)
    try:
        target, _ = rabbitmq.target_of(entry, lookup)
        topology = rabbitmq.read(target).topology
    except (NotThereError, rabbitmq.RefusalError, httpx.HTTPError, OSError):
        return found
    letters = topology.dead_letter_queues()
    return replace(
        found,
        vhosts=topology.vhosts,
        queues=tuple((queue.vhost, queue.name) for queue in topology.queues if queue not in letters),
        letters=tuple(rabbitmq.shown(queue) for queue in letters),
    )
