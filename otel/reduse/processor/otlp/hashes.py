"""User hashes as numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reduse.processor.core.columns import Bool, UInt8, UInt64
from reduse.processor.otlp.rows import read_hashes
from reduse.wire import HASH_DIGITS

_MALFORMED = b"-" * HASH_DIGITS


def parse_hashes(hashes: Sequence[bytes]) -> tuple[UInt64, Bool]:
    """(numbers, well formed): exactly 16 lower-case hex digits each; 0 where malformed."""
    proper = b"".join(each if len(each) == HASH_DIGITS else _MALFORMED for each in hashes)
    return parse_digits(np.frombuffer(proper, np.uint8), HASH_DIGITS, 0, len(hashes))


def parse_digits(data: UInt8, size: int, place: int, number: int) -> tuple[UInt64, Bool]:
    """The same of the digits at a place of each of so many rows of `size` bytes."""
    users, well_formed = np.empty(number, np.uint64), np.empty(number, np.bool_)
    read_hashes(data, size, place, users, well_formed)
    return users, well_formed
