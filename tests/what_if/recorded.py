"""Batches of a history, made from what users send in each second."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from reduse.what_if.columns import Batch

# A second that the processor closed, in Unix seconds, and what each (user, policy) sent in it.
Sent = Mapping[tuple[int, str], int]


class Second(NamedTuple):
    second: int
    sent: Sent
    others: int = 0


def batch(seconds: Sequence[Second], start: int, end: int, busy: int = 1000) -> Batch:
    """The seconds in [start, end), with so many microseconds for each request."""
    chosen = [each for each in seconds if start <= each.second < end]
    names = ("", *sorted({policy for each in chosen for _, policy in each.sent} - {""}))
    rows = sorted(
        (user, names.index(policy), each.second, count)
        for each in chosen
        for (user, policy), count in each.sent.items()
    )
    users, policies, windows, counts = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Batch(
        start=start,
        end=end,
        users=np.array(users, np.uint64),
        windows=np.array(windows, np.int64),
        counts=np.array(counts, np.int64),
        microseconds=np.array(counts, np.int64) * busy,
        throttled=np.zeros(len(rows), np.int64),
        seconds=np.array([each.second for each in chosen], np.int64),
        others=np.array([each.others for each in chosen], np.int64),
        names=names,
        policies=np.array(policies, np.uint8),
    )


def batches(seconds: Sequence[Second], cuts: Sequence[int]) -> Iterator[Batch]:
    """The seconds, in a batch from each cut to the next."""
    for start, end in pairwise(cuts):
        yield batch(seconds, start, end)
