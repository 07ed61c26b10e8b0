"""State that is kept for each user, by the user's place (see `users`)."""

from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from reduse.what_if.columns import Int64

_Number = TypeVar("_Number", np.int64, np.uint64, np.float64)


class PerUser(Generic[_Number]):
    """A number for each user, or a row of some; a newcomer has the initial one. `values` has room for more users than
    there are."""

    def __init__(self, kind: type[_Number], initial: float, *shape: int) -> None:
        self.values: npt.NDArray[_Number] = np.empty((0, *shape), kind)
        self._initial = initial

    def grow(self, size: int) -> None:
        """There are so many users now; the newcomers are the last."""
        if size > len(self.values):
            new = np.full((size + size // 2, *self.values.shape[1:]), self._initial, self.values.dtype)
            new[: len(self.values)] = self.values
            self.values = new

    def reorder(self, order: Int64) -> None:
        """At each place is now the user who was at the place that `order` names."""
        self.values[: len(order)] = self.values[order]
