"""Answers of the limits that the processor tries all the time, where there is no history to ask any other of."""

import shlex
from collections.abc import Mapping, Sequence

from reduse.console.explorer import Question
from reduse.duration import text
from reduse.limit import PolicyLimit
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
        self._kept: dict[tuple[str, int, str], tuple[Observation, Sequence[str]]] = {}

    def answer(self, question: Question, now: float) -> Mapping[str, object]:
        """Raises RecommendationError or ChoiceError where nothing was tried, QueryError."""
        seen, policies = self._observation(question, now)
        suggested = Policy().choose(seen)
        effect = _nearest(seen, question.limit.per_second)
        return {
            "source": "ladder",
            "begin": seen.start,
            "end": seen.end,
            "first": seen.first,
            "last": seen.last,
            **asked_for(effect),
            "policies": policies,
            "burst": seen.bucket(effect),
            "requests": seen.requests,
            "rejected": effect.rejected,
            "rejected_share": seen.rejected_share(effect),
            "active": seen.active,
            "touched": effect.touched,
            "touched_share": seen.touched_share(effect),
            "peak": seen.peak,
            "peak_left": effect.peak,
            "suggested": None if suggested is None else asked_for(suggested),
            "command": _command(seen),
            "ladder": [_step(seen, each) for each in seen.ladder],
        }

    def _observation(self, question: Question, now: float) -> tuple[Observation, Sequence[str]]:
        """And the service's policies."""
        service, window, end = question.service, question.seconds, int(now)
        key = service, window, question.policy
        kept = self._kept.get(key)
        if kept is None or now - kept[0].end > KEPT_SECONDS:
            if len(self._kept) >= KEPT_OBSERVATIONS:
                self._kept.clear()
            seen = self._reader.observe(service, window=window, end=end, policy=question.policy)
            self._kept[key] = kept = seen, self._reader.policies(service, window=window, end=end)
        return kept


def _nearest(seen: Observation, per_second: float) -> LimitEffect:
    return next((effect for effect in seen.ladder if effect.limit >= per_second), seen.ladder[-1])


def _step(seen: Observation, effect: LimitEffect) -> Mapping[str, object]:
    return {
        **asked_for(effect),
        "rejected_share": seen.rejected_share(effect),
        "touched": effect.touched,
        "peak_left": effect.peak,
    }


def asked_for(effect: LimitEffect) -> Mapping[str, object]:
    """The limit as one would ask for it."""
    if isinstance(effect.tried, PolicyLimit):
        return {"limit": effect.tried.limit.requests, "period": effect.tried.limit.period.word}
    return {"limit": effect.tried, "period": "second"}


def _command(seen: Observation) -> str:
    policy = ["--policy", seen.policy] if seen.policy else []
    return shlex.join(["./reduse", "recommend", "--service", seen.service, *policy, "--window", text(seen.window)])
