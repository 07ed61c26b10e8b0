"""How freed memory is kept for the next columns, instead of asking the system for new pages for each."""

from __future__ import annotations

import ctypes

# Of glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_TOP_PAD = -2
_M_MMAP_THRESHOLD = -3

# The largest that glibc takes. What is larger, as the state of many users, is given back when it is freed.
MMAP_BYTES = 32 * 2**20
# What the process may hold beyond what it uses.
TRIM_BYTES = 128 * 2**20
PAD_BYTES = 16 * 2**20


def keep_freed_memory() -> bool:
    """Whether the C library could be told so: glibc can. Columns of some megabytes come and go with each window."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    wanted = ((_M_MMAP_THRESHOLD, MMAP_BYTES), (_M_TRIM_THRESHOLD, TRIM_BYTES), (_M_TOP_PAD, PAD_BYTES))
    taken = [mallopt(option, size) == 1 for option, size in wanted]
    return all(taken)
