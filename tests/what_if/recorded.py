"""Batches of a history, made from what users send in each second."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from reduse.history.batch import Batch, Totals
from reduse.history.rows import Rows
from reduse.history.schema import UNIDENTIFIED

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
    others = np.zeros((len(UNIDENTIFIED), len(chosen)), np.int64)
    others[0] = [each.others for each in chosen]
    return Batch(
        start,
        end,
        Rows(
            policies=names,
            users=np.array(users, np.uint64),
            policy=np.array(policies, np.uint8),
            seconds=np.array(windows, np.int64),
            counts=np.array(counts, np.int64),
            throttled=np.zeros(len(rows), np.int64),
            microseconds=np.array(counts, np.int64) * busy,
        ),
        Totals(np.array([each.second for each in chosen], np.int64), others, others * busy),
    )


def batches(seconds: Sequence[Second], cuts: Sequence[int]) -> Iterator[Batch]:
    """The seconds, in a batch from each cut to the next."""
    for start, end in pairwise(cuts):
        yield batch(seconds, start, end)
