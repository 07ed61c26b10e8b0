"""Answers of the recorded history, which any limit can be asked of; where there is none another source answers."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from reduse.console.explorer import Question, Source
from reduse.console.ladder import asked_for
from reduse.duration import text
from reduse.limit import default_burst
from reduse.recommendation.errors import ChoiceError, RecommendationError
from reduse.recommendation.policy import Policy
from reduse.what_if import asked, reading
from reduse.what_if.answer import Answer
from reduse.what_if.limiter import Kind, Limiter
from reduse.what_if.recorded import MOST_ROWS, Recorded, record
from reduse.what_if.search import search

KEPT_SECONDS = 30
"""What was read serves so long: a slider asks several times a second."""

SHOWN_USERS = 20
SHOWN_GAPS = 5

FULL = 0.9
"""Of the rows that are kept in memory: with so many, what is missing at the beginning was left out for their number."""


class ReplayedSource:
    """Keeps what was read of one service, at most `recorded.MOST_ROWS` rows, for the questions that follow."""

    def __init__(self, folders: Callable[[], Sequence[Path]], without: Source) -> None:
        """`folders`: of histories, as they are by then; `without`: who answers where nothing is recorded."""
        self._folders = folders
        self._without = without
        self._kept: Recorded | None = None

    def answer(self, question: Question, now: float) -> Mapping[str, object]:
        """Raises ChoiceError for what no limiter does; what `without` raises."""
        limiters, costs = [_limiter(question)], asked.costs(question.costs)
        try:
            recorded, begin = self._recorded(question, limiters, int(now))
        except ChoiceError:
            raise
        except RecommendationError:
            return self._without.answer(question, now)
        policy = question.policy or None
        answer = recorded.ask(limiters, start=begin, policy=policy, costs=costs, users=SHOWN_USERS)
        clipped = recorded.start > begin and recorded.rows >= FULL * MOST_ROWS
        suggested = {"suggested": _suggested(recorded, begin, question, costs)} if question.suggest else {}
        return {**_shown(question, answer), **suggested, "policies": recorded.policies, "clipped": clipped}

    def _recorded(self, question: Question, limiters: Sequence[Limiter], now: int) -> tuple[Recorded, int]:
        """What was recorded, and from when on it is counted: at the end of what was read."""
        kept = self._kept
        if kept is not None and kept.service == question.service and now - kept.end < KEPT_SECONDS:
            end = kept.end
        else:
            kept, end = None, now
        begin = end - question.seconds
        # From here on limiters fill, so that at the beginning they are as they would have been.
        first = reading.Question(question.service, begin, end, limiters).first
        if kept is None or kept.asked_from > first:
            self._kept = None
            self._kept = kept = record(self._folders(), question.service, first, end)
        return kept, begin


def _limiter(question: Question) -> Limiter:
    kind = _kind(question.kind)
    burst = None if kind is Kind.FIXED_WINDOW else question.burst
    return asked.limiters([str(question.limit)], None, burst, kind, question.instances)[0]


def _kind(name: str) -> Kind:
    try:
        return Kind(name)
    except ValueError:
        raise ChoiceError(f"{name} is no kind of limiter: {', '.join(Kind)}.") from None


def _shown(question: Question, answer: Answer) -> Mapping[str, object]:
    (effect,) = answer.effects
    limiter = effect.limiter
    window = None if limiter.kind is Kind.TOKEN_BUCKET else limiter.window
    return {
        "source": "history",
        "begin": answer.end - question.seconds,
        "end": answer.end,
        "first": answer.start,
        "last": answer.end,
        "limit": limiter.limit.requests,
        "period": limiter.limit.period.word,
        "burst": limiter.capacity if window is None else window.requests,
        "requests": answer.requests,
        "rejected": effect.rejected,
        "rejected_share": answer.rejected_share(effect),
        "active": answer.active,
        "touched": effect.touched,
        "touched_share": answer.touched_share(effect),
        "peak": answer.peak,
        "peak_left": effect.peak_left,
        "server_seconds": answer.seconds,
        "seconds_saved": effect.seconds_saved,
        "throttled": answer.throttled,
        "hours": [
            {"start": hour.start, "requests": hour.requests, "rejected": hour.rejected}
            for hour in effect.hours
            if hour.requests
        ],
        "users": [{"user": user.user, "requests": user.requests, "rejected": user.rejected} for user in effect.users],
        "gaps": [{"begin": gap.begin, "end": gap.end} for gap in answer.gaps[-SHOWN_GAPS:]],
        "gaps_left_out": max(0, len(answer.gaps) - SHOWN_GAPS),
        "command": _command(question, limiter),
    }


def _suggested(
    recorded: Recorded, begin: int, question: Question, costs: Mapping[str, float]
) -> Mapping[str, object] | None:
    """The lowest mild limit by the same period, as `./reduse recommend --search` finds it where each request costs one;
    None where none is."""

    def passed(limiters: Sequence[Limiter]) -> Answer:
        return recorded.ask(limiters, start=begin, policy=question.policy or None, costs=costs, users=0)

    found = search(passed, Policy(), question.limit.period)
    if found.chosen is None or not found.observation.requests:
        return None
    return asked_for(found.chosen)


def _command(question: Question, limiter: Limiter) -> str:
    words = ["./reduse", "what-if", "--service", question.service, "--limit", str(limiter.limit)]
    if limiter.kind is not Kind.FIXED_WINDOW and limiter.burst != default_burst(limiter.limit):
        words += ["--burst", f"{limiter.burst:g}"]
    words += ["--window", text(question.seconds)]
    if question.policy:
        words += ["--policy", question.policy]
    for cost in question.costs:
        words += ["--cost", cost]
    if limiter.kind is not Kind.TOKEN_BUCKET:
        words += ["--limiter", str(limiter.kind)]
    if limiter.instances > 1:
        words += ["--instances", str(limiter.instances)]
    return shlex.join(words)
