"""Answers of the limits that the processor tries all the time, where there is no history to ask any other of."""

import shlex
from collections.abc import Mapping

from reduse.console.explorer import Question
from reduse.recommendation.duration import text
from reduse.recommendation.observation import LimitEffect, Observation
from reduse.recommendation.policy import Policy
from reduse.recommendation.reading import HistoryReader
from reduse.store.client import StoreClient

KEPT_SECONDS = 30
"""What was read serves so long: a slider asks several times a second."""

KEPT_OBSERVATIONS = 16


class LadderSource:
    """Gives the lowest limit of the ladder that is at least as high as the one asked for, and says which."""

    def __init__(self, client: StoreClient) -> None:
        self._reader = HistoryReader(client)
        self._kept: dict[tuple[str, int], Observation] = {}

    def answer(self, question: Question, now: float) -> Mapping[str, object]:
        """Raises RecommendationError or ChoiceError where nothing was tried, QueryError."""
        seen = self._observation(question, now)
        suggested = Policy().choose(seen)
        effect = _nearest(seen, question.limit.per_second)
        return {
            "source": "ladder",
            "begin": seen.start,
            "end": seen.end,
            "first": seen.first,
            "last": seen.last,
            "limit": effect.limit,
            "period": "second",
            "burst": seen.bucket(effect),
            "requests": seen.requests,
            "refused": effect.rejected,
            "refused_share": seen.rejected_share(effect),
            "active": seen.active,
            "touched": effect.touched,
            "touched_share": seen.touched_share(effect),
            "peak": seen.peak,
            "peak_left": effect.peak,
            "suggested": None if suggested is None else {"limit": suggested.limit, "period": "second"},
            "command": f"./reduse recommend --service {shlex.quote(seen.service)} --window {text(seen.window)}",
            "ladder": [_step(seen, each) for each in seen.ladder],
        }

    def _observation(self, question: Question, now: float) -> Observation:
        key = question.service, question.seconds
        kept = self._kept.get(key)
        if kept is None or now - kept.end > KEPT_SECONDS:
            if len(self._kept) >= KEPT_OBSERVATIONS:
                self._kept.clear()
            kept = self._reader.observe(question.service, window=question.seconds, end=int(now))
            self._kept[key] = kept
        return kept


def _nearest(seen: Observation, per_second: float) -> LimitEffect:
    return next((effect for effect in seen.ladder if effect.limit >= per_second), seen.ladder[-1])


def _step(seen: Observation, effect: LimitEffect) -> Mapping[str, object]:
    return {
        "limit": effect.limit,
        "refused_share": seen.rejected_share(effect),
        "touched": effect.touched,
        "peak_left": effect.peak,
    }
