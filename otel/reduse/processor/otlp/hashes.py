"""User hashes as numbers, eight characters at a time (SIMD within a register)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from reduse.processor.core.columns import Bool, UInt8, UInt64

HASH_DIGITS = 16

_MALFORMED = b"-" * HASH_DIGITS


def _each(octet: int) -> np.uint64:
    return np.uint64(octet * 0x0101010101010101)


_ONES, _LOW_NIBBLES, _HIGH_NIBBLES = _each(0x01), _each(0x0F), _each(0xF0)
_LETTER_BITS, _SIX, _ZERO_DIGIT, _LETTERS = _each(0x40), _each(6), _each(ord("0")), np.uint64(ord("a") - ord("0") - 10)
_PAIRS, _QUADS = np.uint64(0x00FF00FF00FF00FF), np.uint64(0x0000FFFF0000FFFF)


def parse_hashes(hashes: Sequence[bytes]) -> tuple[UInt64, Bool]:
    """(numbers, well formed): exactly 16 lower-case hex digits each; 0 where malformed."""
    proper = b"".join(each if len(each) == HASH_DIGITS else _MALFORMED for each in hashes)
    return parse_digits(np.frombuffer(proper, np.uint8).reshape(-1, HASH_DIGITS))


def parse_digits(digits: UInt8) -> tuple[UInt64, Bool]:
    """The same of an array of characters, shape (n, 16)."""
    words = np.ascontiguousarray(digits).view(">u8").astype(np.uint64)
    # Bit 6 tells letters from digits; the letter a has 1 in its low half.
    letters = (words & _LETTER_BITS) >> np.uint64(6)
    nibbles = (words & _LOW_NIBBLES) + letters * np.uint64(9)
    above_nine = ((nibbles + _SIX) >> np.uint64(4)) & _ONES
    written = nibbles + _ZERO_DIGIT + above_nine * _LETTERS
    well_formed: Bool = ((written == words) & ((nibbles & _HIGH_NIBBLES) == 0)).all(axis=1)
    numbers = _packed(nibbles)
    values = (numbers[:, 0] << np.uint64(32)) | numbers[:, 1]
    if not well_formed.all():
        values[~well_formed] = 0
    return values, well_formed


def _packed(nibbles: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Eight octets with a nibble each as one number of 32 bits."""
    pairs = (nibbles | (nibbles >> np.uint64(4))) & _PAIRS
    quads = (pairs | (pairs >> np.uint64(8))) & _QUADS
    return (quads | (quads >> np.uint64(16))) & np.uint64(0xFFFFFFFF)
