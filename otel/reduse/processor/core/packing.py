"""Nested plain values and NumPy arrays as bytes, checked when read back.

Not pickle: what is read from a file must not be able to run code.
Layout: crc32 of the rest (4 bytes), length of the header (4 bytes), JSON header, the arrays one after another. What is
packed many times a second has a header of its own in the place of JSON (`sealed`).
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_PREFIX = struct.Struct("<II")
_LENGTH = struct.Struct("<I")
_CHECK_SIZE = _PREFIX.size - _LENGTH.size
_ARRAY = "__array__"


class DamagedError(Exception):
    """The bytes are not what was packed."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """Arrays of one dimension that are packed as one, without joining them first."""

    dtype: npt.DTypeLike
    arrays: Sequence[npt.NDArray[Any]]

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in self.arrays)


def pack(value: Any) -> bytes:
    """`value`: dicts with string keys, lists, tuples, plain scalars, NumPy arrays and `Pieces` of them, nested."""
    return b"".join(pack_in_parts(value))


def check_packable(value: Any) -> None:
    """Raises TypeError or ValueError when `pack` would; without going through the arrays."""
    json.dumps(_plain(value, _Arrays()))


def pack_in_parts(value: Any) -> list[bytes | memoryview]:
    """The same bytes without a copy of the arrays: a snapshot has a hundred megabytes."""
    arrays = _Arrays()
    return sealed(json.dumps(_plain(value, arrays), separators=(",", ":")).encode(), arrays.parts)


def unpack(data: bytes) -> Any:
    """What `pack` was given (tuples as lists). Raises DamagedError."""
    return unpack_opened(*opened(data))


def unpack_opened(header: bytes, body: memoryview) -> Any:
    """The same of what `opened` gave."""
    return _rich(json.loads(header), body)


def sealed(header: bytes, parts: Sequence[bytes | memoryview]) -> list[bytes | memoryview]:
    """A header of any kind and what follows it, with the prefix that `opened` checks."""
    check = zlib.crc32(header, zlib.crc32(_LENGTH.pack(len(header))))
    for part in parts:
        check = zlib.crc32(part, check)
    return [_PREFIX.pack(check, len(header)), header, *parts]


def opened(data: bytes) -> tuple[bytes, memoryview]:
    """(header, the rest) of what was sealed. Raises DamagedError."""
    if len(data) < _PREFIX.size:
        raise DamagedError("too short")
    check, length = _PREFIX.unpack_from(data)
    view = memoryview(data)
    if zlib.crc32(view[_CHECK_SIZE:]) != check:
        raise DamagedError("checksum does not match")
    end = _PREFIX.size + length
    return data[_PREFIX.size : end], view[end:]


class _Arrays:
    """The arrays' own memory, one after another."""

    def __init__(self) -> None:
        self.parts: list[memoryview] = []
        self._end = 0

    def add(self, *arrays: npt.NDArray[Any]) -> int:
        """Where the first begins."""
        begin = self._end
        for array in arrays:
            if array.size:
                self.parts.append(np.ascontiguousarray(array).data.cast("B"))
                self._end += array.nbytes
        return begin


# What nearly everything in a state is: found by one look, where `isinstance` would ask for each container first.
_SCALARS = frozenset({str, int, float, bool, type(None)})


def _plain(value: Any, arrays: _Arrays) -> Any:
    if type(value) in _SCALARS:
        return value
    if isinstance(value, np.ndarray):
        return {_ARRAY: [arrays.add(value), value.dtype.str, list(value.shape)]}
    if isinstance(value, Pieces):
        dtype = np.dtype(value.dtype)
        return {_ARRAY: [arrays.add(*value.arrays), dtype.str, [value.nbytes // dtype.itemsize]]}
    if isinstance(value, dict):
        return {key: _plain(item, arrays) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, arrays) for item in value]
    return value


def _rich(value: Any, body: memoryview) -> Any:
    if type(value) in _SCALARS:
        return value
    if isinstance(value, dict):
        if _ARRAY not in value:
            return {key: _rich(item, body) for key, item in value.items()}
        offset, dtype, shape = value[_ARRAY]
        count = int(np.prod(shape, dtype=np.int64))
        return np.frombuffer(body, np.dtype(dtype), count, offset).reshape(shape).copy()
    if isinstance(value, list):
        return [_rich(item, body) for item in value]
    return value
