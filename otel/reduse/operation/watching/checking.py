"""Every part of a company's file tried at once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial

from reduse.errors import StackError
from reduse.operation.watching import postgresql, rabbitmq, services
from reduse.operation.watching.finding import Finding, missing, note
from reduse.operation.watching.lookup import Lookup, NotThereError
from reduse.watch.company import Company
from reduse.watch.notification import Receiver
from reduse.watch.service import QueueRef
from reduse.watch.stores import Broker

AT_ONCE = 16
LONGEST_SECONDS = 60.0
"""Of all together; each step of each has a limit of its own."""

STORE = "the store"

Task = tuple[str, Callable[[], Iterable[Finding]]]


def check(company: Company, lookup: Lookup, store: services.Store) -> list[Finding]:
    """What is found out about each part, in the order of the file."""
    tasks: list[Task] = [
        (STORE, partial(_services, company, store)),
        *((each.name, partial(postgresql.check, each, lookup)) for each in company.databases),
        *((each.name, partial(rabbitmq.check, each, _consumed(company, each), lookup)) for each in company.brokers),
        *((each.name, partial(_receiver, each, lookup)) for each in company.receivers),
    ]
    return list(_together(tasks))


def _consumed(company: Company, broker: Broker) -> list[QueueRef]:
    return [queue for service in company.services for queue in service.consumes if queue.broker == broker.name]


def _together(tasks: Sequence[Task]) -> Iterator[Finding]:
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="watch-check")
    try:
        running = [(of, pool.submit(_all, run)) for of, run in tasks]
        wait([future for _, future in running], LONGEST_SECONDS)
        for of, future in running:
            if future.done():
                yield from future.result()
            else:
                yield missing(of, f"was not tried within {LONGEST_SECONDS:g} s", "try again", "timeout")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _all(run: Callable[[], Iterable[Finding]]) -> list[Finding]:
    return list(run())


def _services(company: Company, store: services.Store) -> Iterator[Finding]:
    told = "services were not looked at: no store answers"
    cure = "once the pipeline runs and services report, this says what they lack"
    try:
        seen = services.look(store)
    except StackError:
        yield note(STORE, told, cure)
        return
    yield from services.judge(company, seen)


def _receiver(receiver: Receiver, lookup: Lookup) -> Iterator[Finding]:
    if receiver.webhook_url_file is None:
        return
    try:
        _, findings = lookup.secret(receiver.name, "webhook_url_file", receiver.webhook_url_file)
    except NotThereError as error:
        yield error.finding
        return
    yield from findings
