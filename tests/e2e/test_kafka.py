"""On Kafka, with security on, everything works as without it; a broker that is killed loses nothing."""

import time
from collections.abc import Iterator

import psutil
import pytest

from tests.e2e.counts import SERVICES, Counts, awaited_counts, settled_counts
from tests.e2e.stack import Stack, running_stack
from tests.reference import ROWS

pytestmark = [pytest.mark.server, pytest.mark.e2e]

LOAD_SECONDS = 12
RATE = 30
# Load on both sides of the broker's death.
BEFORE_SECONDS = 5


@pytest.fixture(scope="module")
def kafka() -> Iterator[Stack]:
    with running_stack(REDUSE_KAFKA="true", REDUSE_SECURITY="true") as running:
        yield running


def test_every_row_is_live_and_counts_are_exact_through_the_brokers_death(kafka: Stack) -> None:
    before = settled_counts(kafka)
    load = kafka.start_load(LOAD_SECONDS, RATE)
    time.sleep(BEFORE_SECONDS)
    psutil.Process(kafka.pid("kafka")).kill()
    report = load.finish()
    sent = {name: report[name] for name in SERVICES}
    assert awaited_counts(kafka, before, sent) == Counts(red=sent, per_user=sent, windows=sent)
    assert kafka.checked() == ([row.name for row in ROWS], 0)
