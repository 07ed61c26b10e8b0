"""A service that sends what no store can take."""

from collections.abc import Iterator
from contextlib import contextmanager

from reduse.errors import StackError
from reduse.operation.access import stack_store
from reduse.stack.drill.exports import exports
from reduse.stack.installation import Installation
from reduse.stack.supervision import Supervisor

POISONER = "drill-poison"
# Of the newest sample of a service that is not held up: a few of its export intervals, and the way.
FRESH_SECONDS = 30.0


@contextmanager
def poisonous_samples(installation: Installation, _: Supervisor) -> Iterator[None]:
    """A service sends histograms that the store can never take. Raises StackError when others are held up by it."""
    with stack_store(installation.settings) as client:
        fresh = f"time() - max by (job) (timestamp(target_info)) < {FRESH_SECONDS}"
        before = {sample.labels["job"] for sample in client.query(fresh)}
        with exports(installation.settings, POISONER):
            yield
            held_up = before - {sample.labels["job"] for sample in client.query(fresh)}
    if held_up:
        raise StackError(f"samples of {', '.join(sorted(held_up))} are delayed by those of {POISONER}.")
