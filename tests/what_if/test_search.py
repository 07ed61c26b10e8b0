"""The limit that is found is the lowest candidate that is mild enough; what is verified is what was answered."""

from collections.abc import Sequence

import numpy as np
import pytest

from reduse.limit import Limit, Period, PolicyLimit
from reduse.recommendation.policy import Policy
from reduse.recommendation.rendering import as_dict, notes, verdict
from reduse.recommendation.snippets import Limiter as Software
from reduse.recommendation.snippets import snippet
from reduse.what_if.answer import Answer
from reduse.what_if.limiter import Limiter
from reduse.what_if.replay import replay
from reduse.what_if.search import candidates, limiter, search
from reduse.what_if.verification import Pair, verify
from tests.what_if.recorded import Second, batch

START, LENGTH = 1_800_000_000, 120
SECONDS = [Second(START + n, {(user, ""): user for user in range(1, 40)}, others=1) for n in range(LENGTH)]


def ask(limiters: Sequence[Limiter]) -> Answer:
    end = START + LENGTH
    return replay([batch(SECONDS, START, end)], limiters, service="mes-api", first=START, start=START, end=end)


@pytest.mark.slow
@pytest.mark.parametrize("period", list(Period))
@pytest.mark.parametrize("wanted", [Policy(10, None), Policy(None, 0.5), Policy(0, None), Policy(50, 5)])
def test_the_lowest_mild_limit_is_found_in_few_passes(period: Period, wanted: Policy) -> None:
    passes = []

    def counted(limiters: Sequence[Limiter]) -> Answer:
        passes.append(len(limiters))
        return ask(limiters)

    made = search(counted, wanted, period)
    answer = ask([limiter(number, period, None) for number in candidates(period)])
    allowed = [
        effect.limiter.limit
        for effect in answer.effects
        if (wanted.touched is None or 100 * effect.touched <= wanted.touched * answer.active)
        and (wanted.rejected is None or 100 * effect.rejected <= wanted.rejected * answer.requests)
    ]
    assert made.chosen is not None
    assert isinstance(made.chosen.tried, PolicyLimit)
    assert made.chosen.tried.limit == min(allowed, key=lambda limit: limit.per_second)
    assert len(passes) <= 4
    assert max(passes) <= 8


def test_a_found_limit_is_shown_and_made_a_snippet_of() -> None:
    made = search(ask, Policy(10, None), Period.MINUTE)
    assert made.chosen is not None
    assert "requests a minute for each user" in verdict(made)
    assert any("users are those of the whole window" in note for note in notes(made))
    assert as_dict(made)["users_window_seconds"] == LENGTH
    for software in Software:
        assert str(made.chosen.tried.limit) in snippet(software, made.observation, made.chosen, "x-api-key")  # type: ignore[union-attr]


def test_candidates_are_numbers_that_a_person_would_write() -> None:
    assert candidates(Period.MINUTE)[:16] == [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60]
    assert candidates(Period.SECOND)[:6] == [0.1, 0.12, 0.15, 0.2, 0.25, 0.3]


def test_what_was_throttled_stands_beside_what_is_predicted() -> None:
    recorded = batch(SECONDS, START, START + LENGTH)
    object.__setattr__(recorded.rows, "throttled", np.where(recorded.rows.users == 39, 30, 0))
    answer = replay(
        [recorded], [Limiter(Limit(9, Period.SECOND), 9)], service="s", first=START, start=START, end=START + LENGTH
    )
    found = verify(answer, 3)
    predicted = {user: user * LENGTH - (9 * LENGTH + 9) for user in range(10, 40)}
    # A bucket is full, and so much flows in, too.
    assert found.in_all == Pair(sum(max(0, number) for number in predicted.values()), 30 * LENGTH)
    assert sum(hour.pair.predicted for hour in found.hours) == found.in_all.predicted
    assert sum(hour.pair.throttled for hour in found.hours) == found.in_all.throttled
    assert [user.user for user in found.users] == [f"{user:016x}" for user in (38, 37, 36)]
    assert found.users[0].pair == Pair(predicted[38], 0)
    assert found.users[0].pair.difference is None
