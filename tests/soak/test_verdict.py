"""What is exact, what a fault accounts for, and what nothing does."""

from typing import Any

import pytest

from reduse.soak import losses, verdict
from reduse.soak.counted import Sent
from reduse.soak.losses import Loss
from reduse.soak.verdict import Check

SERVICE = "shop-api"


def sent(unknown: int = 0, refused: int = 0) -> Sent:
    """Ten answers, each in a second of its own from 100 on; the last is a 503."""
    made = Sent()
    made.add(
        {
            "answers": [[SERVICE, "GET", "/products", 200, 9], [SERVICE, "GET", "/products", 503, 1]],
            "seconds": [[SERVICE, 100 + number, 200 if number < 9 else 503, 1] for number in range(10)],
            "partners": {"partner-001": 4, "partner-002": 6},
            "partners_failed": {"partner-002": 1},
            "no_response": {SERVICE: unknown + refused},
            "refused": {SERVICE: refused},
        }
    )
    return made


def of(checks: list[Check], what: str) -> Check:
    return next(check for check in checks if check.what == what)


RED: dict[tuple[str, str], int] = {(SERVICE, "200"): 9, (SERVICE, "503"): 1}


def test_what_is_counted_as_it_was_sent_is_exact() -> None:
    checks = verdict.of_red(sent(), {}, RED)
    assert all(check.exact and check.passed for check in checks)


@pytest.mark.parametrize("number", [8, 10])
def test_without_a_fault_one_more_or_less_is_wrong(number: int) -> None:
    checks = verdict.of_red(sent(), {}, RED | {(SERVICE, "200"): number})
    assert not of(checks, "RED, requests").passed
    assert not of(checks, "RED, status 200").passed
    assert of(checks, "RED, status 503").passed


def test_a_loss_is_bounded_by_the_answers_of_its_seconds() -> None:
    allowed = losses.allowed([Loss(SERVICE, 106.5, 109.0, "killed")], sent())
    assert allowed == {(SERVICE, 200): 3, (SERVICE, 503): 1}
    within = {(SERVICE, "200"): 6, (SERVICE, "503"): 0}
    assert all(check.passed for check in verdict.of_red(sent(), allowed, within))
    beyond = {(SERVICE, "200"): 5, (SERVICE, "503"): 1}
    assert not of(verdict.of_red(sent(), allowed, beyond), "RED, status 200").passed


def test_losses_of_the_same_seconds_count_once_and_those_of_others_not() -> None:
    both = [Loss(SERVICE, 108.0, 109.0, "killed"), Loss(SERVICE, 108.5, 109.0, "power")]
    assert sum(losses.allowed(both, sent()).values()) == 2
    assert not losses.allowed([Loss("crm-api", 0.0, 1000.0, "killed")], sent())


def test_only_requests_with_unknown_outcome_may_be_counted_beyond_answers() -> None:
    more = RED | {(SERVICE, "200"): 11}
    assert of(verdict.of_red(sent(unknown=2), {}, more), "RED, requests").passed
    assert not of(verdict.of_red(sent(refused=2), {}, more), "RED, requests").passed


def test_a_status_that_nobody_was_sent_is_one_of_an_unknown_outcome_or_wrong() -> None:
    strange = RED | {(SERVICE, "500"): 1}
    what = "RED, statuses that nobody was sent"
    assert not of(verdict.of_red(sent(), {}, strange), what).passed
    assert of(verdict.of_red(sent(unknown=1), {}, strange), what).passed


def test_the_stacks_own_requests_have_a_user_too() -> None:
    [check] = verdict.of_users(sent(), {}, {(SERVICE, "anonymous"): 12}, {SERVICE: 2})
    assert check.exact


def test_requests_that_went_to_another_user_are_seen_although_the_sum_is_right() -> None:
    names = {"partner-001": "aa", "partner-002": "bb"}
    right: dict[str, Any] = {"aa": 4, "bb": 6}
    not_let_in: dict[str, Any] = {"aa": 4, "bb": 5}
    too_few: dict[str, Any] = {"aa": 4, "bb": 4}
    swapped: dict[str, Any] = {"aa": 5, "bb": 5}
    stranger: dict[str, Any] = {"aa": 4, "bb": 6, "cc": 1}
    assert all(check.passed for check in verdict.of_history(sent(), SERVICE, {}, right, names, 0))
    assert all(check.passed for check in verdict.of_history(sent(), SERVICE, {}, not_let_in, names, 0))
    assert not all(check.passed for check in verdict.of_history(sent(), SERVICE, {}, too_few, names, 0))
    assert not all(check.passed for check in verdict.of_history(sent(), SERVICE, {}, swapped, names, 0))
    assert not all(check.passed for check in verdict.of_history(sent(), SERVICE, {}, stranger, names, 0))
    assert all(check.passed for check in verdict.of_history(sent(), SERVICE, {}, {"aa": 4, "bb": 3}, names, 3))


def test_pieces_are_added() -> None:
    one, other = Check("RED, requests", SERVICE, 10, 9, 8, 10), Check("RED, requests", SERVICE, 5, 5, 5, 6)
    assert verdict.added([[one], [other]]) == [Check("RED, requests", SERVICE, 15, 14, 13, 16)]


def test_a_message_that_waits_or_was_never_consumed_is_seen() -> None:
    assert all(check.passed for check in verdict.of_messages(10, 10, 0, 0, 0))
    assert not all(check.passed for check in verdict.of_messages(10, 9, 0, 0, 0))
    assert not all(check.passed for check in verdict.of_messages(10, 10, 1, 0, 20))
    assert all(check.passed for check in verdict.of_messages(10, 12, 0, 0, 20))
