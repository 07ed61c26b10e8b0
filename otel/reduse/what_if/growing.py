"""Arrays that are kept by the places of users, when others come in between."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from reduse.what_if.columns import Int64

_Number = TypeVar("_Number", np.int64, np.float64)


def grown(values: npt.NDArray[_Number], moved: Int64, size: int, initial: float) -> npt.NDArray[_Number]:
    """The values of users who are now at these places of `size`; newcomers have the initial one."""
    new = np.full(size, initial, values.dtype)
    new[moved] = values
    return new
