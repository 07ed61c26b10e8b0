"""Columns and windows for tests of the core."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from reduse.processor.core.columns import Export, Kind, Stream
from reduse.processor.core.engine import Emission
from reduse.processor.core.metric import Metric, Point
from reduse.processor.core.units import NANOSECONDS
from reduse.processor.core.window import ClosedWindow, Load
from reduse.wire import PLAIN, RequestClass

# A window boundary in 2026.
EPOCH = 1_790_000_000 * NANOSECONDS

# No user is ever forgotten.
_NUMBERS: dict[int, int] = {}


def export(
    start: float,
    time: float,
    users: Mapping[int, int],
    anonymous: int = 0,
    overflow: int = 0,
    instance: str = "one",
    service: str = "mes-api",
    starts: Sequence[float] | None = None,
    request_class: RequestClass = PLAIN,
) -> Export:
    """Times in seconds after EPOCH; every request took 10 ms. Users first, then the heartbeat, then overflow.

    `starts` of each point, when they differ.
    """
    kinds = [Kind.USER] * len(users) + [Kind.ANONYMOUS, Kind.OVERFLOW]
    counts = np.array([*users.values(), anonymous, overflow], np.int64)
    return Export(
        Stream(service, instance),
        EPOCH + round(start * NANOSECONDS),
        EPOCH + round(time * NANOSECONDS),
        np.array(kinds, np.uint8),
        np.array([*users, 0, 0], np.uint64),
        counts,
        counts * 10_000,
        None if starts is None else np.array([EPOCH + round(each * NANOSECONDS) for each in starts], np.int64),
        request_class,
    )


def part(start: float, time: float, users: Mapping[int, int], policy: str = "", *, throttled: bool = False) -> Export:
    """A part of an export that has the users' requests of one class, and no heartbeat."""
    whole = export(start, time, users, request_class=RequestClass(policy, throttled))
    rows = slice(len(users))
    columns = whole.kinds[rows], whole.users[rows], whole.counts[rows], whole.microseconds[rows]
    return Export(whole.stream, whole.start, whole.time, *columns, None, whole.request_class)


def window(
    users: Mapping[int, int],
    index: int = 0,
    anonymous: int = 0,
    overflow: int = 0,
    untracked: int = 0,
) -> ClosedWindow:
    """Every request took 10 ms."""
    ordered = sorted(users.items())
    numbers = [_NUMBERS.setdefault(user, len(_NUMBERS)) for user, _ in ordered]
    counts = np.array([count for _, count in ordered], np.int64)
    others = [Load(count, count * 10_000) for count in (anonymous, overflow, untracked)]
    return ClosedWindow(
        "mes-api",
        EPOCH // NANOSECONDS + index,
        np.array([user for user, _ in ordered], np.uint64),
        counts,
        counts * 10_000,
        others[0],
        others[1],
        others[2],
        np.array(numbers, np.int64),
        np.empty(0, np.int64),
        len(_NUMBERS),
    )


def values(metrics: Sequence[Metric] | tuple[Metric, ...], name: str, **attributes: str) -> dict[str, object]:
    """Of the metric with this name, and its points with these attributes: value by the first attribute (or nothing)."""
    found = [metric for metric in metrics if metric.name == name]
    assert len(found) == 1, f"{name}: {len(found)}"
    return {
        _label(point): point.value for point in found[0].points if attributes.items() <= dict(point.attributes).items()
    }


def _whole(point: Point) -> int:
    assert isinstance(point.value, float | int)
    return int(point.value)


def _label(point: Point) -> str:
    return next(iter(point.attributes.values()), "")


def totals(emissions: Sequence[Emission]) -> Counter[str]:
    """The last value of reduse.user.requests by identity."""
    last: Counter[str] = Counter()
    for emission in emissions:
        for metric in emission.metrics:
            if metric.name == "reduse.user.requests":
                last = Counter({_label(p): _whole(p) for p in metric.points})
    return last
