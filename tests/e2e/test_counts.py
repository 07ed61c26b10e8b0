"""The counts are exact: what was sent is what RED counted is what the processor counted."""

import os
import signal
import time

import psutil
import pytest

from tests.e2e.counts import SERVICES, Counts, awaited_counts, settled_counts
from tests.e2e.stack import Stack

pytestmark = [pytest.mark.server, pytest.mark.e2e]

LOAD_SECONDS = 10
RATE = 60


def assert_exact(stack: Stack, before: Counts, report: dict[str, int]) -> None:
    sent = {service: report[service] for service in SERVICES}
    assert all(count > 0 for count in sent.values())
    grown = awaited_counts(stack, before, sent)
    assert grown == Counts(red=sent, per_user=sent, windows=sent)
    # Nothing is counted a second time when retries have had their time.
    after = settled_counts(stack)
    assert {service: after.red[service] - before.red[service] for service in SERVICES} == sent
    assert {service: after.per_user[service] - before.per_user[service] for service in SERVICES} == sent


def test_locust_red_and_the_sum_over_users_agree_to_the_request(stack: Stack) -> None:
    before = settled_counts(stack)
    report = stack.start_load(LOAD_SECONDS, RATE).finish()
    assert_exact(stack, before, report)


@pytest.mark.parametrize("part", ["agent", "gateway", "prometheus", "processor"])
def test_the_counts_agree_after_kill_9_under_load(stack: Stack, part: str) -> None:
    before = settled_counts(stack)
    load = stack.start_load(LOAD_SECONDS, RATE)
    time.sleep(LOAD_SECONDS / 2)
    victim = stack.pid(part)
    os.kill(victim, signal.SIGKILL)
    report = load.finish()
    assert stack.pid(part) not in (0, victim)
    assert not psutil.pid_exists(victim)
    assert_exact(stack, before, report)
