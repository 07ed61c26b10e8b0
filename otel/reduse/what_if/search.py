"""The lowest limit that is mild enough, of numbers that a person would write, found in the recorded history."""

from collections.abc import Callable, Sequence

from reduse.limit import MOST_REQUESTS, Limit, Period, PolicyLimit, default_burst
from reduse.recommendation.observation import LimitEffect, Observation
from reduse.recommendation.policy import Policy, Recommendation
from reduse.what_if.answer import Answer
from reduse.what_if.limiter import Limiter

# So many limits are tried in one pass over the history: about as many passes as digits.
IN_ONE_PASS = 8
_LEADING = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
_SMALLEST = {Period.SECOND: 0.1}

Ask = Callable[[Sequence[Limiter]], Answer]


def candidates(period: Period) -> list[float]:
    """Requests in a period, rising: one or two digits, whole ones unless it is a second."""
    smallest = _SMALLEST.get(period, 1.0)
    found, scale = [], smallest
    while scale < MOST_REQUESTS:
        found += [
            round(leading * scale, 2)
            for leading in _LEADING
            if period is Period.SECOND or (leading * scale).is_integer()
        ]
        scale *= 10
    return found


def limiter(requests: float, period: Period, burst_seconds: float | None) -> Limiter:
    """With the burst that such limits have by default, or so many seconds of it."""
    limit = Limit(requests, period)
    burst = default_burst(limit) if burst_seconds is None else limit.per_second * burst_seconds
    return Limiter(limit, max(1.0, burst))


def search(ask: Ask, wanted: Policy, period: Period, burst_seconds: float | None = None) -> Recommendation:
    """Several limits in each pass, then those between the highest that was too strict and the lowest that was mild.

    The recommendation's ladder has all that were tried. A higher limit is taken to be milder.
    """
    numbers = candidates(period)
    # What is still possible are the candidates in [low, high); `high` is mild enough, or their end.
    low, high = 0, len(numbers)
    tried: dict[float, LimitEffect] = {}
    seen: Observation | None = None
    while low < high or seen is None:
        picked = _spread(low, high)
        answer = ask([limiter(numbers[place], period, burst_seconds) for place in picked])
        effects = [_effect(answer, number) for number in range(len(picked))]
        seen = _observation(answer, [])
        tried |= {effect.limit: effect for effect in effects}
        mild = [place for place, effect in zip(picked, effects, strict=True) if wanted.allows(effect, seen)]
        strict = [place for place in picked if place not in mild and place < min(mild, default=high)]
        low, high = max(strict, default=low - 1) + 1, min(mild, default=high)
    return Recommendation.made(_observation(answer, [tried[limit] for limit in sorted(tried)]), wanted)


def _spread(low: int, high: int) -> list[int]:
    """Places in [low, high), evenly."""
    count = min(IN_ONE_PASS, high - low)
    return sorted({low + (high - low) * (2 * number + 1) // (2 * count) for number in range(count)})


def _effect(answer: Answer, number: int) -> LimitEffect:
    effect = answer.effects[number]
    tried = PolicyLimit(effect.limiter.limit, effect.limiter.capacity)
    return LimitEffect(tried, effect.rejected, effect.touched, effect.peak_left)


def _observation(answer: Answer, ladder: Sequence[LimitEffect]) -> Observation:
    return Observation(
        service=answer.service,
        start=answer.start,
        end=answer.end,
        first=answer.start,
        last=answer.end,
        burst=None,
        requests=answer.requests,
        all_requests=answer.all_requests,
        active=max(1, answer.active),
        peak=answer.peak,
        ladder=ladder,
        policy=answer.policy or "",
        replayed=True,
        gaps=tuple((gap.begin, gap.end, gap.why) for gap in answer.gaps),
    )
