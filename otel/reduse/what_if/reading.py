"""Questions that are asked of the recorded history."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reduse.duration import text
from reduse.history import reading as history
from reduse.history.files import find
from reduse.history.plan import Gap
from reduse.recommendation.errors import ChoiceError, RecommendationError
from reduse.what_if.answer import Answer
from reduse.what_if.limiter import Limiter
from reduse.what_if.replay import DEFAULT_USERS, Replay

_SECOND = 1_000_000_000
# For longer than this before the window no limiter is warmed up.
LONGEST_WARM_UP = 86_400

Progress = Callable[[int, int], None]
"""Is told how many rows are through, and of how many."""


@dataclass(frozen=True, slots=True)
class Question:
    """What these limiters would have done to the service in [start, end), Unix seconds."""

    service: str
    start: int
    end: int
    limiters: Sequence[Limiter]
    policy: str | None = None
    costs: Mapping[str, float] = field(default_factory=dict)
    users: int = DEFAULT_USERS

    @property
    def first(self) -> int:
        """From here on requests go through the limiters, so that at the start they are as they would have been."""
        memory = max((limiter.memory for limiter in self.limiters), default=0)
        return max(0, self.start - min(memory, LONGEST_WARM_UP))


def ask(folders: Sequence[Path], question: Question, progress: Progress | None = None) -> Answer:
    """Read the history and put it through the limiters, in memory for one batch of it.

    Raises:
        ChoiceError: no such policy was recorded.
        RecommendationError: nothing is recorded.
    """
    reading = opened(folders, question.service, question.first, question.end)
    replay = Replay(
        question.limiters,
        first=question.first,
        start=question.start,
        end=question.end,
        policy=question.policy,
        costs=question.costs,
    )
    done, policies = 0, set[str]()
    for batch in reading:
        replay.add(batch)
        policies |= set(batch.rows.policies)
        done += len(batch.rows)
        if progress is not None:
            progress(done, reading.rows)
    check_policies(question, policies)
    answer = replay.answer(question.service, question.users, since(reading.gaps, question.start))
    if not answer.all_requests:
        raise RecommendationError(_nothing_recorded(question.service, question.end - question.start, folders))
    return answer


def opened(folders: Sequence[Path], service: str, first: int, end: int) -> history.Reading:
    """The history of a service in [first, end). Raises RecommendationError where nothing is recorded."""
    try:
        reading = history.read(folders, service, first * _SECOND, end * _SECOND)
    except OSError as error:
        raise RecommendationError(f"the history in {error.filename} cannot be read: {error.strerror}.") from None
    if reading.seconds is None:
        raise RecommendationError(_nothing_recorded(service, end - first, folders))
    return reading


def check_policies(question: Question, recorded: set[str]) -> None:
    """Raises ChoiceError when the question names a policy that is not recorded."""
    for name in (*([question.policy] if question.policy is not None else ()), *question.costs):
        if name not in recorded:
            known = ", ".join(sorted(recorded - {""})) or "none"
            raise ChoiceError(f"no request of {question.service} under the policy {name} is recorded, of: {known}.")


def since(gaps: Sequence[Gap], start: int) -> list[Gap]:
    """As far as they are in what is counted."""
    return [Gap(max(gap.begin, start), gap.end, gap.why) for gap in gaps if gap.end > start]


def _nothing_recorded(service: str, length: int, folders: Sequence[Path]) -> str:
    where = ", ".join(map(str, folders))
    try:
        parts = find(folders).parts
    except OSError:
        parts = []
    if not parts:
        return (
            f"there is no history in {where}: the processor keeps it unless REDUSE_PROCESSOR_HISTORY_BYTES is 0. Where "
            "it is elsewhere, name the folder with --history."
        )
    services = sorted({name for part in parts for name in part.contents.services})
    if service not in services:
        return f"no request of {service} is recorded in {where}; services recorded are {', '.join(services)}."
    return f"no request of {service} is recorded for the last {text(length)} in {where}: try a longer --window."
