"""Deltas as tests have them: half a second for each request."""

from collections.abc import Mapping

from reduse.distro.sources.users.delta import UserDelta, UserPoint, nothing
from reduse.distro.sources.users.load import Load
from reduse.wire import PLAIN, RequestClass

NOTHING_ELSE: Mapping[RequestClass, dict[str, int]] = {}


def delta(
    start: int,
    counts: dict[str, int],
    unidentified: int = 0,
    overflow: int = 0,
    grouped: Mapping[RequestClass, dict[str, int]] = NOTHING_ELSE,
) -> UserDelta:
    """Requests under no policy, and those of other classes."""
    identified = {PLAIN: counts} | dict(grouped)
    return UserDelta(
        start=start,
        end=start + 1,
        identified={
            request_class: Load(counts, {user: count * 0.5 for user, count in counts.items()})
            for request_class, counts in identified.items()
            if counts
        },
        unidentified=UserPoint(None, unidentified, unidentified * 0.5),
        overflow=UserPoint(None, overflow, overflow * 0.5, overflow=True) if overflow else nothing(overflow=True),
    )
