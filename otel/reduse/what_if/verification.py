"""A limit that is on: what it rejected, as the service answered, beside what the replay says that it would reject."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reduse.duration import text
from reduse.what_if.answer import Answer
from reduse.what_if.rendering import minute
from reduse.wire import HASH_DIGITS, USER_HASH

NOT_THROTTLED = (
    "The service answered none of them with 429. Is the limit on? What is rejected in front of the service does not "
    "reach it, and is not counted. Where users are claims (header, token, cookie), 429 has to be among "
    "REDUSE_USER_ACCEPTED_STATUSES."
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Requests predicted to be rejected, and those that the service answered with 429."""

    predicted: int
    throttled: int

    @property
    def difference(self) -> float | None:
        """Of the predicted from the throttled, as a part of these; None when there are none."""
        return (self.predicted - self.throttled) / self.throttled if self.throttled else None


@dataclass(frozen=True, slots=True)
class OfHour:
    """`start` in Unix seconds."""

    start: int
    pair: Pair


@dataclass(frozen=True, slots=True)
class OfUser:
    """`user` are the 16 hex digits of `user.hash`."""

    user: str
    pair: Pair


@dataclass(frozen=True, slots=True)
class Verification:
    """Of one limit in [start, end), Unix seconds; `users` are those for whom the two differ the most.

    `notes` say what to know of the figures, a sentence each.
    """

    service: str
    policy: str | None
    start: int
    end: int
    limit: str
    in_all: Pair
    hours: Sequence[OfHour]
    users: Sequence[OfUser]
    notes: Sequence[str]


def verify(answer: Answer, users: int) -> Verification:
    """Of an answer about one limiter, with so many of its users."""
    (effect,) = answer.effects
    predicted, throttled = effect.rejected_by_user, answer.throttled_by_user
    most = np.lexsort((-np.maximum(predicted, throttled), -np.abs(predicted - throttled)))[:users]
    in_all = Pair(effect.rejected, answer.throttled)
    notes = [f"{answer.requests:,} requests of {answer.active:,} identified users."]
    if in_all.predicted and not in_all.throttled:
        notes.append(NOT_THROTTLED)
    notes += [f"Not recorded: {minute(gap.begin)} to {minute(gap.end)} ({gap.why})." for gap in answer.gaps]
    return Verification(
        answer.service,
        answer.policy,
        answer.start,
        answer.end,
        str(effect.limiter),
        in_all,
        [
            OfHour(hour.start, Pair(hour.rejected, number))
            for hour, number in zip(effect.hours, answer.throttled_by_hour, strict=True)
            if hour.requests
        ],
        [
            OfUser(f"{answer.users[at]:0{HASH_DIGITS}x}", Pair(int(predicted[at]), int(throttled[at])))
            for at in most
            if predicted[at] or throttled[at]
        ],
        notes,
    )


def show(found: Verification, console: Console) -> None:
    """Print both by hour and by user, and what to know."""
    under = "" if found.policy is None else f", policy {escape(found.policy) or 'none'}"
    by_hour = _table(f"{escape(found.service)}{under}, {text(found.end - found.start)}: {found.limit}", "from")
    for hour in found.hours:
        by_hour.add_row(minute(hour.start), *_cells(hour.pair))
    by_hour.add_section()
    by_hour.add_row("in all", *_cells(found.in_all), style="bold")
    console.print(by_hour)
    if found.users:
        by_user = _table("Users for whom they differ the most", USER_HASH)
        for user in found.users:
            by_user.add_row(user.user, *_cells(user.pair))
        console.print(by_user)
    for note in found.notes:
        console.print(f"· {note}", highlight=False)


def as_dict(found: Verification) -> dict[str, object]:
    """Times are Unix seconds, lengths seconds; `difference` is a part of the throttled, null when there are none."""
    return {
        "service": found.service,
        "policy": found.policy,
        "start": found.start,
        "end": found.end,
        "limit": found.limit,
        **_pair(found.in_all),
        "hours": [{"start": hour.start, **_pair(hour.pair)} for hour in found.hours],
        "users": [{"user": user.user, **_pair(user.pair)} for user in found.users],
        "notes": list(found.notes),
    }


def _pair(pair: Pair) -> dict[str, object]:
    return {"predicted": pair.predicted, "throttled": pair.throttled, "difference": pair.difference}


def _table(title: str, first: str) -> Table:
    made = Table(title=title)
    made.add_column(first)
    for column in ("predicted", "throttled (429)", "difference"):
        made.add_column(column, justify="right")
    return made


def _cells(pair: Pair) -> tuple[str, str, str]:
    difference = pair.difference
    return f"{pair.predicted:,}", f"{pair.throttled:,}", "" if difference is None else f"{difference:+.1%}"
