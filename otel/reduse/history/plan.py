"""Which windows of a service are taken from which file, and which are missing. Pure: it knows files by their contents.

Of one source the windows are numbered. The same number in two files is the same window, taken once; a number that is in
none is a window that is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from reduse.history.contents import Contents
from reduse.history.files import Found, Part
from reduse.history.names import HOUR, parsed
from reduse.history.numbers import first_number
from reduse.history.rows import Int64


@dataclass(frozen=True, slots=True)
class Gap:
    """In [begin, end), Unix seconds, there may be windows of the service that are not in the history."""

    begin: int
    end: int
    why: str


@dataclass(frozen=True, slots=True)
class Taken:
    """The windows of a service to take from a part, by their starts; `all` of those that it has."""

    part: Part
    seconds: Int64
    all: bool


@dataclass(frozen=True, slots=True)
class Plan:
    taken: Sequence[Taken]
    gaps: Sequence[Gap]


def plan(found: Found, service: str, begin: int, end: int) -> Plan:
    """Of the windows that start in [begin, end), Unix seconds."""
    sources: dict[str, list[Part]] = {}
    for part in found.parts:
        sources.setdefault(part.contents.source, []).append(part)
    taken: list[Taken] = []
    gaps: list[Gap] = []
    for source, parts in sources.items():
        # Of two with the same windows the Parquet file.
        parts.sort(key=lambda part: (part.contents.first, part.journal is not None))
        taken += _taken(parts, service, begin, end)
        gaps += _between(parts, service)
        if source in found.incomplete:
            last = max(part.contents.end for part in parts)
            gaps.append(Gap(last, max(end, last), "the newest windows could not be kept"))
    gaps += _before(list(sources.values()), begin, end)
    for path, why in found.unreadable.items():
        name = parsed(path.stem)
        if name is not None:
            gaps.append(Gap(name.hour, name.hour + HOUR, f"{path.name}: {why}"))
    taken.sort(key=lambda each: int(each.seconds[0]))
    return Plan(taken, merged(gaps, begin, end))


def _taken(parts: Iterable[Part], service: str, begin: int, end: int) -> Iterator[Taken]:
    through = -1
    for part in parts:
        contents = part.contents.services.get(service)
        before, through = through, max(through, part.contents.last)
        if contents is None:
            continue
        wanted = (contents.numbers > before) & (contents.seconds >= begin) & (contents.seconds < end)
        if wanted.any():
            yield Taken(part, contents.seconds[wanted], bool(wanted.all()))


def _between(parts: Iterable[Part], service: str) -> Iterator[Gap]:
    """Where numbers are missing. A service whose windows there follow each other has lost none."""
    through: int | None = None
    # The end of the last window of the service; of all windows, where it has none.
    ended = whole = 0
    jumped = False
    for part in parts:
        contents = part.contents
        if through is not None and contents.last <= through:
            continue
        if through is not None and contents.first > through + 1:
            jumped = True
        of_service = contents.services.get(service)
        if of_service is not None:
            if jumped:
                yield Gap(ended or whole, int(of_service.seconds[0]), "windows were not kept")
                jumped = False
            ended = max(ended, int(of_service.seconds.max()) + 1)
        elif jumped and ended:
            yield Gap(ended, contents.begin, "windows were not kept")
            ended = max(ended, contents.begin)
        through, whole = contents.last, max(whole, contents.end)


def _before(sources: Sequence[Sequence[Part]], begin: int, end: int) -> Iterator[Gap]:
    if not sources:
        yield Gap(begin, end, "there is no history")
        return
    firsts = [parts[0].contents for parts in sources]
    yield Gap(begin, min(each.begin for each in firsts), "the history begins later")
    for each in firsts:
        if not _is_first(each):
            yield Gap(begin, each.begin, "older windows were removed")


def _is_first(contents: Contents) -> bool:
    """Whether its first window is the first that its source ever closed."""
    return any(
        len(each.numbers) and each.numbers[0] == contents.first == first_number(int(each.seconds[0]))
        for each in contents.services.values()
    )


def merged(gaps: Iterable[Gap], begin: int, end: int) -> list[Gap]:
    """In order, as far as they are in [begin, end), those that overlap as one."""
    result: list[Gap] = []
    for gap in sorted((Gap(max(g.begin, begin), min(g.end, end), g.why) for g in gaps), key=lambda g: (g.begin, g.end)):
        if gap.begin >= gap.end:
            continue
        if result and gap.begin <= result[-1].end:
            last = result.pop()
            why = last.why if gap.why in last.why else f"{last.why}; {gap.why}"
            result.append(Gap(last.begin, max(last.end, gap.end), why))
        else:
            result.append(gap)
    return result


def second_range(seconds: Int64) -> tuple[int, int]:
    """The start of the first and the end of the last."""
    return int(np.min(seconds)), int(np.max(seconds)) + 1
