"""An attack on a whole stack costs the attacked service its rank of users, and nobody else anything."""

import functools
from itertools import islice

import pytest

from benchmarks.attack.__main__ import shown
from benchmarks.attack.at_agent import at_agent
from benchmarks.attack.attack import Attacked, attack
from benchmarks.attack.through_service import TRUE_USERS, ThroughService, through_service
from tests.e2e.counts import Counts
from tests.e2e.stack import running_stack

SENT = {"shop-api": 5}


def attacked(counted: int, innocent: int, red: int | None = None) -> Attacked:
    counts = Counts(*({"shop-api": float(innocent)} for _ in range(3)))
    return Attacked(100, 1.0, 2.0, 103, counted, red, True, SENT, counts, {"agent": 1 << 20}, {"agent": 2 << 20})


def test_it_is_exact_only_where_every_request_of_everybody_is_counted() -> None:
    assert attacked(103, 5).exact
    assert not attacked(102, 5).exact
    assert not attacked(103, 4).exact
    assert attacked(103, 5, red=103).exact
    assert not attacked(103, 5, red=102).exact


def test_what_is_shown_has_counts_and_memory() -> None:
    text = shown(attacked(103, 5))
    assert "103 counted of 103" in text
    assert "agent" in text
    assert "2 MiB" in text


@pytest.mark.server
@pytest.mark.e2e
@pytest.mark.extended
def test_a_million_invented_users_are_counted_and_nobody_else_suffers() -> None:
    with running_stack() as stack:
        found = attack(stack, functools.partial(at_agent, users=1_000_000), 10)
    assert found.exact, shown(found)


def test_every_other_request_is_of_somebody_new_and_true_users_send_what_they_should() -> None:
    attacker = ThroughService(port=0, pid=0, service="attacked")
    requests = list(islice(attacker.requests(), 2 * sum(TRUE_USERS.values())))
    assert len(set(requests[::2])) == len(requests) / 2
    assert attacker.sent == TRUE_USERS


@pytest.mark.server
@pytest.mark.e2e
@pytest.mark.extended
def test_users_invented_at_a_service_are_counted_and_nobody_else_suffers() -> None:
    with running_stack() as stack:
        found = attack(stack, through_service, 20)
    assert found.exact, shown(found)
