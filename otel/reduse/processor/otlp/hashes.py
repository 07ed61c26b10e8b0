"""User hashes as numbers, two digits at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from reduse.processor.core.columns import Bool, UInt8, UInt64

HASH_DIGITS = 16

_MALFORMED = b"-" * HASH_DIGITS
_DIGITS = b"0123456789abcdef"
_NOT_DIGITS = 0x100


def _octets() -> npt.NDArray[np.uint16]:
    """The octet that two characters stand for, by both as one number as this machine reads them."""
    octets = np.full((256, 256), _NOT_DIGITS, np.uint16)
    octets[np.ix_(list(_DIGITS), list(_DIGITS))] = np.arange(256).reshape(16, 16)
    pairs = np.indices((256, 256), np.uint8).transpose(1, 2, 0).reshape(-1, 2)
    table = np.empty_like(octets, shape=octets.size)
    table[np.ascontiguousarray(pairs).view(np.uint16)[:, 0]] = octets.reshape(-1)
    return table


_OCTETS = _octets()


def parse_hashes(hashes: Sequence[bytes]) -> tuple[UInt64, Bool]:
    """(numbers, well formed): exactly 16 lower-case hex digits each; 0 where malformed."""
    proper = b"".join(each if len(each) == HASH_DIGITS else _MALFORMED for each in hashes)
    return parse_digits(np.frombuffer(proper, np.uint8).reshape(-1, HASH_DIGITS))


def parse_digits(digits: UInt8) -> tuple[UInt64, Bool]:
    """The same of an array of characters, shape (n, 16)."""
    octets = np.take(_OCTETS, np.ascontiguousarray(digits).view(np.uint16))
    numbers: UInt64 = octets.astype(np.uint8).view(">u8")[:, 0].astype(np.uint64)
    if octets.size == 0 or octets.max() < _NOT_DIGITS:
        return numbers, np.ones(len(digits), np.bool_)
    well_formed: Bool = np.all(octets < _NOT_DIGITS, axis=1)
    numbers[~well_formed] = 0
    return numbers, well_formed
