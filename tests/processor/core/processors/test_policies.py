"""Users under policies: those that nobody uses any more make room, and who is forgotten is counted no more."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.plugin import Options
from reduse.processor.core.processors.policies import _KEPT, Policies
from reduse.processor.core.processors.tried_limits import HOUR
from reduse.processor.core.window import ClassRows, ClosedWindow
from tests.processor.builders import values, window


def under(users: dict[int, int], index: int, policies: Sequence[str]) -> ClosedWindow:
    """A window whose users sent everything under each of these policies."""
    closed = window(users, index)
    rows = np.arange(len(users), dtype=np.int64)
    made = [ClassRows(policy, False, rows, closed.users, closed.counts, closed.microseconds) for policy in policies]
    return replace(closed, classes=tuple(made))


def test_the_policy_with_the_fewest_users_of_the_last_hour_makes_room() -> None:
    processor = Policies(Options())
    names = [f"policy-{number:02}" for number in range(_KEPT)]
    list(processor.process(under({1: 1, 2: 1}, 0, names)))
    list(processor.process(under({1: 1, 2: 1, 3: 1}, 1, names[1:])))
    metrics = list(processor.process(under({1: 4, 2: 1, 3: 1}, 2, ["one more"])))
    requests = values(metrics, "reduse.policy.requests")
    assert set(requests) == {*names[1:], "one more"}
    assert requests["one more"] == 6
    assert requests["policy-01"] == 2 + 3


def test_a_user_who_is_forgotten_is_no_user_of_the_last_hour() -> None:
    processor = Policies(Options())
    first = under({11: 1, 12: 1}, 0, ["price"])
    list(processor.process(first))
    second = replace(under({12: 1}, 1, ["price"]), forgotten=first.numbers[:1])
    metrics = list(processor.process(second))
    assert values(metrics, "reduse.policy.users", window="1h") == {"price": 1}


def test_the_state_does_not_depend_on_when_it_was_loaded() -> None:
    """Also when a user is forgotten of whom nothing was seen for an hour, as of everybody else."""
    lived, restarted = Policies(Options()), Policies(Options())
    first = under({11: 1}, 0, ["price"])
    for closed in (first, window({}, HOUR), window({}, HOUR + 1)):
        list(lived.process(closed))
    restarted.load(unpack(pack(lived.dump())))
    for each in (lived, restarted):
        list(each.process(replace(window({}, HOUR + 2), forgotten=first.numbers)))
    assert pack(lived.dump()) == pack(restarted.dump())
