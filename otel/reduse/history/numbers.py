"""The numbers of windows: those of one source are counted in the order in which they close, so that gaps are seen."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

# More than any source closes in a second.
_OF_A_SECOND = 1 << 20


def first_number(second: int) -> int:
    """Of the first window that a source ever closes, which starts at a second (Unix time).

    A source that begins anew, as its state was lost, has numbers above those before.
    """
    return second * _OF_A_SECOND


class Numbers:
    """A set of numbers of which most follow each other."""

    def __init__(self, runs: Iterable[tuple[int, int]] = ()) -> None:
        """`runs`: from the first to the last number."""
        self._take(runs)

    def _take(self, runs: Iterable[tuple[int, int]]) -> None:
        # Firsts and lasts of runs that neither touch nor overlap, in order.
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in sorted(runs):
            if self._lasts and first <= self._lasts[-1] + 1:
                self._lasts[-1] = max(self._lasts[-1], last)
            else:
                self._firsts.append(first)
                self._lasts.append(last)

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self._firsts, number) - 1
        return place >= 0 and number <= self._lasts[place]

    def add(self, number: int) -> None:
        if self._lasts and number == self._lasts[-1] + 1:
            self._lasts[-1] = number
        elif number not in self:
            # Rare: one that was missing comes after all.
            self._take([*zip(self._firsts, self._lasts, strict=True), (number, number)])
