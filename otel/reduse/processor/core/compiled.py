"""Loops that are compiled to machine code: for what takes several passes and copies when written with whole columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


def compiled(function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """The function, compiled when it is first called; kept on disk, and without the interpreter's lock.

    Kept beside the code or, where that is read-only, in the folder of NUMBA_CACHE_DIR or the user's cache.
    """
    try:
        made = numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:
        # Nowhere to keep it: compiled anew by each process.
        made = numba.njit(nogil=True)(function)
    return cast("Callable[_Parameters, _Result]", made)
