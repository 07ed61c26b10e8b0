"""Rows of equal length in one array of bytes, compared and read eight bytes at a time."""

from __future__ import annotations

import numpy as np

from reduse.processor.core.columns import Bool, UInt8, UInt64
from reduse.processor.core.compiled import compiled

WORD_BYTES = 8


@compiled
def word_at(data: UInt8, at: np.uint64) -> np.uint64:
    """Eight bytes, little-endian. Compiled it is one load."""
    word = np.uint64(0)
    for place in range(WORD_BYTES):
        word |= np.uint64(data[at + np.uint64(place)]) << np.uint64(8 * place)
    return word


@compiled
def alike(data: UInt8, size: int, places: UInt64, contents: UInt64, masks: UInt64) -> int:
    """How many rows of `size` bytes at the beginning have these contents at these places, where the masks have ones."""
    for row in range(len(data) // size):
        if differ(data, np.uint64(row * size), places, contents, masks):
            return row
    return len(data) // size


@compiled
def differ(data: UInt8, begin: np.uint64, places: UInt64, contents: UInt64, masks: UInt64) -> bool:
    """Whether the row that begins there has anything else at these places."""
    difference = np.uint64(0)
    for index in range(len(places)):
        difference |= (word_at(data, begin + places[index]) ^ contents[index]) & masks[index]
    return difference != 0  # type: ignore[no-any-return]


@compiled
def read_words(data: UInt8, size: int, place: int, words: UInt64) -> None:
    """Of each row the word at a place."""
    for row in range(len(words)):
        words[row] = word_at(data, np.uint64(row * size + place))


@compiled
def _octets(digits: np.uint64) -> tuple[np.uint64, np.uint64]:
    """(the number that eight characters are, what is not 0 when one of them is no lower-case hex digit)."""
    sixes, ones = np.uint64(0x0606060606060606), np.uint64(0x0101010101010101)
    # 9 more for a letter: bit 6 tells them from 0 to 9.
    values = (digits & np.uint64(0x0F0F0F0F0F0F0F0F)) + np.uint64(9) * ((digits >> np.uint64(6)) & ones)
    letters = ((values + sixes) >> np.uint64(4)) & ones
    written = values + np.uint64(0x3030303030303030) + np.uint64(39) * letters
    wrong = (written ^ digits) | (values & np.uint64(0xF0F0F0F0F0F0F0F0))
    # Neighbours are joined, the first of them the higher one: digits to octets, to pairs, to a number.
    joined = ((values << np.uint64(4)) | (values >> np.uint64(8))) & np.uint64(0x00FF00FF00FF00FF)
    joined = ((joined << np.uint64(8)) | (joined >> np.uint64(16))) & np.uint64(0x0000FFFF0000FFFF)
    return ((joined << np.uint64(16)) | (joined >> np.uint64(32))) & np.uint64(0xFFFFFFFF), wrong


@compiled
def read_hash(data: UInt8, at: np.uint64) -> tuple[np.uint64, bool]:
    """(sixteen hex digits at a place as a number, whether they are; 0 where not)."""
    high, wrong_high = _octets(word_at(data, at))
    low, wrong_low = _octets(word_at(data, at + np.uint64(WORD_BYTES)))
    if wrong_high | wrong_low != 0:
        return np.uint64(0), False
    return (high << np.uint64(32)) | low, True


@compiled
def read_hashes(data: UInt8, size: int, place: int, hashes: UInt64, well_formed: Bool) -> None:
    """Of each row the sixteen hex digits at a place as a number; 0 where they are not."""
    for row in range(len(hashes)):
        hashes[row], well_formed[row] = read_hash(data, np.uint64(row * size + place))
