"""Who has a series of their own, told from the beginning."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.processor.reference.points import ANONYMOUS, OVERFLOW

if TYPE_CHECKING:
    from tests.processor.reference.metrics import Quiet, Second

DAY = 86_400
LEAVE_AFTER = 10


@dataclass
class Membership:
    # User by how many seconds in a row they were outside the top K.
    outside: dict[str, int] = field(default_factory=dict)
    # Who left at the last entry.
    left: set[str] = field(default_factory=set)
    today: int = 0
    labelled_today: set[str] = field(default_factory=set)
    refused: int = 0

    @property
    def members(self) -> set[str]:
        return set(self.outside)


def members_after(history: "Sequence[Second | Quiet]", kind: str, top_k: int, labels_per_day: int) -> Membership:
    """Replay all seconds; `kind` of weight: counts or microseconds."""
    state = Membership()
    for entry in history:
        before = state.members
        weights = getattr(entry, kind, None)
        if weights is None:
            state.outside = {}
        else:
            _second(state, entry.index // DAY, weights, top_k, labels_per_day)  # type: ignore[union-attr]
        state.left = before - state.members
    return state


def _second(state: Membership, day: int, weights: dict[str, int], top_k: int, labels_per_day: int) -> None:
    if day != state.today:
        state.today, state.labelled_today = day, state.members
    loads = sorted((-weight, user) for user, weight in weights.items() if weight and user not in {ANONYMOUS, OVERFLOW})
    for user in state.outside:
        state.outside[user] += 1
    for _, user in loads[:top_k]:
        if user in state.labelled_today or len(state.labelled_today) < labels_per_day:
            state.labelled_today.add(user)
            state.outside[user] = 0
        else:
            state.refused += 1
    ranked = sorted((seconds, user) for user, seconds in state.outside.items() if seconds < LEAVE_AFTER)
    state.outside = {user: seconds for seconds, user in ranked[: 2 * top_k]}
