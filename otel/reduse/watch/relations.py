"""What is wrong between entries that are each right: names that are taken, references to what is not there."""

import difflib
from bisect import bisect
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain

from reduse import duration
from reduse.watch.company import Company, Part
from reduse.watch.mistakes import Mistake, Path
from reduse.watch.service import DURATION_BOUNDS, USERS, Goal, Objective, Service
from reduse.watch.stores import Broker, Database

PIPELINE_JOBS = frozenset(
    {
        "alertmanager",
        "collector-agent",
        "collector-gateway",
        "host",
        "prometheus",
        "reduse-processor",
        "victoriametrics",
        "vmalert",
    }
)
"""Values of the label `job` that the monitoring itself has."""

LISTS = ("services", "databases", "brokers")
MOST_NAMED = 12


SignalNames = Mapping[str, Collection[str]]
"""Signals that may be rows of a table, by the kind of part that they are of; of a kind that is not there all may."""


def find(company: Company, signals: SignalNames) -> Iterator[Mistake]:
    """Every mistake between entries."""
    yield from _names(company)
    for number, service in enumerate(company.services):
        path: Path = ("services", number)
        yield from _objectives(path, service)
        yield from _limits(path, service)
        yield from _policies(path, service)
        yield from _links(path, service, company)
    for number, database in enumerate(company.databases):
        yield from _tls(("databases", number), database)
    for number, broker in enumerate(company.brokers):
        yield from _tls(("brokers", number), broker)
    yield from _notifications(company)
    yield from _rows(company, signals)
    yield from _repeated(company)


def _names(company: Company) -> Iterator[Mistake]:
    """Parts are told apart by the label `job`."""
    taken: dict[str, str] = {}
    for key in LISTS:
        for number, part in enumerate(getattr(company, key)):
            here: Path = (key, number, "name")
            if part.job in PIPELINE_JOBS:
                yield Mistake(here, f"`{part.job}` is the job of a part of the monitoring itself", "take another name")
            elif part.job in taken:
                right = "give each part a name of its own"
                yield Mistake(here, f"`{part.job}` is the name of {taken[part.job]}, too", right)
            taken.setdefault(part.job, f"{key}[{number}]")


def _objectives(path: Path, service: Service) -> Iterator[Mistake]:
    labels = Counter(objective.label for objective in service.objectives)
    for number, objective in enumerate(service.objectives):
        here = (*path, "objectives", number)
        if labels[objective.label] > 1:
            yield Mistake(here, f"another objective is called `{objective.label}`, too", "give one of them a `name`")
        yield from _threshold(here, objective, service.duration_bounds)


def _threshold(path: Path, objective: Objective, added: Sequence[float]) -> Iterator[Mistake]:
    if objective.goal is Goal.AVAILABILITY:
        if objective.threshold is not None:
            yield Mistake((*path, "threshold"), "an availability has no threshold", "leave it out")
        return
    if objective.threshold is None:
        yield Mistake(path, "a latency needs a `threshold`", "give one of the histogram's bounds, such as 500ms")
    elif objective.threshold not in (*DURATION_BOUNDS, *added):
        bounds = sorted({*DURATION_BOUNDS, *added})
        above = bisect(bounds, objective.threshold)
        near = " and ".join(duration.text(bound) for bound in bounds[max(0, above - 1) : above + 1])
        given = duration.text(objective.threshold)
        wrong = f"{given} is no bound of the response times' histogram (the nearest are {near})"
        right = f"take one of these, or add `duration_bounds: [{given}]` to the service"
        yield Mistake((*path, "threshold"), wrong, right)


def _limits(path: Path, service: Service) -> Iterator[Mistake]:
    if service.limits and not service.users:
        wrong = "are for each user, and its users are not counted"
        yield Mistake((*path, "limits"), wrong, "add `users: true`, or leave the limits out")
    rates = [limit.requests_per_second for limit in service.limits]
    for number, rate in enumerate(rates):
        if rate in rates[:number]:
            yield Mistake((*path, "limits", number), f"a limit of {rate:g} is there twice", "leave one of them out")


def _policies(path: Path, service: Service) -> Iterator[Mistake]:
    if service.policies and not service.users:
        wrong = "are of users, and its users are not counted"
        yield Mistake((*path, "policies"), wrong, "add `users: true`, or leave the policies out")
    if service.policies and (found := next((each for each in ";=" if each in service.job), "")):
        wrong = f"a service with policies cannot have a {found} in its name"
        yield Mistake((*path, "name"), wrong, "rename it, or leave the policies out")
    names = [policy.name for policy in service.policies]
    for number, policy in enumerate(service.policies):
        here = (*path, "policies", number)
        if policy.name in names[:number]:
            right = "give it another name, or put the routes of both into one"
            yield Mistake((*here, "name"), f"`{policy.name}` is there twice", right)
        for position, route in enumerate(policy.routes):
            first = next((other.name for other in service.policies[:number] if route in other.routes), None)
            if first is not None:
                wrong = f"`{route}` is under `{first}` already, which comes first"
                yield Mistake((*here, "routes", position), wrong, "leave it out of one of them")
        rates = [limit.rate for limit in policy.limits]
        for position, rate in enumerate(rates):
            if rate in rates[:position]:
                wrong = f"a limit of {rate} is there twice"
                yield Mistake((*here, "limits", position), wrong, "leave one of them out")


def _links(path: Path, service: Service, company: Company) -> Iterator[Mistake]:
    databases = [database.name for database in company.databases]
    for number, name in enumerate(service.uses):
        if name not in databases:
            yield unknown((*path, "uses", number), "database", name, databases)
    brokers: Mapping[str, Broker] = {broker.name: broker for broker in company.brokers}
    for number, queue in enumerate(service.consumes):
        here = (*path, "consumes", number)
        broker = brokers.get(queue.broker)
        if broker is None:
            yield unknown((*here, "broker"), "broker", queue.broker, brokers)
        elif broker.vhosts and queue.vhost not in broker.vhosts:
            yield unknown((*here, "vhost"), f"virtual host of {broker.name}", queue.vhost, broker.vhosts)


def _tls(path: Path, store: Database | Broker) -> Iterator[Mistake]:
    if store.tls is None:
        return
    if (store.tls.cert_file is None) != (store.tls.key_file is None):
        yield Mistake((*path, "tls"), "has one of `cert_file` and `key_file`", "give both, or none")
    if isinstance(store, Broker) and store.management_url.startswith("http://"):
        yield Mistake((*path, "tls"), "secures nothing: the URL begins with http://", "let it begin with https://")


def _notifications(company: Company) -> Iterator[Mistake]:
    receivers = [receiver.name for receiver in company.receivers]
    for number, name in enumerate(receivers):
        if name in receivers[:number]:
            yield Mistake(("receivers", number, "name"), f"`{name}` is there twice", "rename one of them")
    for number, notification in enumerate(company.notify):
        if notification.receiver not in receivers:
            yield unknown(("notify", number, "receiver"), "receiver", notification.receiver, receivers)
        for position, name in enumerate(notification.parts):
            yield from _reference(("notify", number, "parts", position), name, company)


def _rows(company: Company, signals: SignalNames) -> Iterator[Mistake]:
    seen: set[tuple[str, str]] = set()
    for number, row in enumerate(company.table or ()):
        path: Path = ("table", number)
        yield from _reference((*path, "of"), row.of, company)
        for kind in dict.fromkeys(part.kind for part in _called(row.of, company)):
            if kind in signals and row.signal not in signals[kind]:
                yield unknown((*path, "signal"), f"signal of a {kind}", row.signal, signals[kind])
        if row.signal == USERS and not all(part.users for part in _called(row.of, company) if part.kind == "service"):
            yield Mistake(path, f"the users of {row.of} are not counted", "add `users: true` to the service")
        if (row.signal, row.of) in seen:
            yield Mistake(path, f"`{row.signal}` of `{row.of}` has a row already", "leave one of them out")
        seen.add((row.signal, row.of))


def _called(name: str, company: Company) -> list[Part]:
    """Parts of this job; where there is none, of this name."""
    return [part for part in company.parts if part.job == name] or [p for p in company.parts if p.name == name]


def _reference(path: Path, name: str, company: Company) -> Iterator[Mistake]:
    called = _called(name, company)
    jobs = [part.job for part in called]
    if not called:
        yield unknown(path, "part", name, [part.job for part in company.parts])
    elif len(set(jobs)) > 1:
        yield Mistake(path, f"several parts are called `{name}`", f"write one of {', '.join(jobs)}")


def _repeated(company: Company) -> Iterator[Mistake]:
    """Names that are in one list twice."""
    lists: Iterator[tuple[Path, Sequence[str]]] = chain(
        [(("languages",), company.languages)],
        ((("services", n, key), getattr(each, key)) for n, each in enumerate(company.services) for key in _OF_SERVICE),
        (
            (("services", n, "policies", m, "routes"), policy.routes)
            for n, each in enumerate(company.services)
            for m, policy in enumerate(each.policies)
        ),
        ((("databases", n, "databases"), each.databases) for n, each in enumerate(company.databases)),
        ((("brokers", n, "vhosts"), each.vhosts) for n, each in enumerate(company.brokers)),
        ((("notify", n, "parts"), each.parts) for n, each in enumerate(company.notify)),
    )
    for path, names in lists:
        for position, name in enumerate(names):
            if name in names[:position]:
                yield Mistake((*path, position), f"`{name}` is there twice", "leave one of them out")


_OF_SERVICE = ("uses", "probes")


def unknown(path: Path, what: str, name: str, known: Collection[str]) -> Mistake:
    """A name that nothing has. `what`: a database, a receiver; `known`: names that there are."""
    near = difflib.get_close_matches(name, known, n=1)
    names = sorted(known)[:MOST_NAMED]
    more = f" and {len(known) - len(names)} more" if len(known) > len(names) else ""
    there = f"there are {', '.join(names)}{more}" if known else f"there is no {what} in this file"
    return Mistake(path, f"no {what} is called `{name}`", f"did you mean `{near[0]}`?" if near else there)
