"""What the history has of users, in a time."""

from collections import Counter
from pathlib import Path

from reduse.history import reading
from reduse.soak.counted import Sent

SECOND = 1_000_000_000
# A request may stand in the second of its export, and its answer in the one before.
BESIDE = 2


def users(folders: list[Path], service: str, begin: float, end: float) -> tuple[dict[str, int], list[tuple[int, int]]]:
    """Requests by pseudonym in the windows between two Unix times, and the gaps that are known, in Unix seconds."""
    found = Counter[str]()
    read = reading.read(folders, service, int(begin) * SECOND, int(end) * SECOND)
    for batch in read:
        for user, count in zip(batch.rows.users.tolist(), batch.rows.counts.tolist(), strict=True):
            found[f"{user:016x}"] += count
    return dict(found), [(gap.begin, gap.end) for gap in read.gaps]


def in_gaps(sent: Sent, service: str, gaps: list[tuple[int, int]]) -> int:
    """Requests that the service answered in these gaps, and just beside them."""
    return sum(
        number
        for (of, second, _), number in sent.seconds.items()
        if of == service and any(begin - BESIDE <= second < end + BESIDE for begin, end in gaps)
    )
