"""Deltas as tests have them: half a second for each request."""

from reduse.distro.sources.users.delta import UserDelta, UserPoint, nothing


def delta(start: int, counts: dict[str, int], unidentified: int = 0, overflow: int = 0) -> UserDelta:
    return UserDelta(
        start=start,
        end=start + 1,
        counts=counts,
        seconds={user: count * 0.5 for user, count in counts.items()},
        unidentified=UserPoint(None, unidentified, unidentified * 0.5),
        overflow=UserPoint(None, overflow, overflow * 0.5, overflow=True) if overflow else nothing(overflow=True),
    )
