"""Nested plain values and NumPy arrays as bytes, checked when read back.

Not pickle: what is read from a file must not be able to run code.
Layout: crc32 of the rest (4 bytes), length of the header (4 bytes), JSON header, the arrays one after another.
"""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

import numpy as np

_PREFIX = struct.Struct("<II")
_ARRAY = "__array__"


class DamagedError(Exception):
    """The bytes are not what was packed."""


def pack(value: Any) -> bytes:
    """`value`: dicts with string keys, lists, tuples, plain scalars and NumPy arrays, nested."""
    arrays: list[bytes] = []
    header = json.dumps(_plain(value, arrays), separators=(",", ":")).encode()
    body = b"".join((header, *arrays))
    check = zlib.crc32(body, zlib.crc32(struct.pack("<I", len(header))))
    return _PREFIX.pack(check, len(header)) + body


def unpack(data: bytes) -> Any:
    """What `pack` was given (tuples as lists). Raises DamagedError."""
    if len(data) < _PREFIX.size:
        raise DamagedError("too short")
    check, length = _PREFIX.unpack_from(data)
    body = memoryview(data)[_PREFIX.size :]
    if zlib.crc32(body, zlib.crc32(struct.pack("<I", length))) != check:
        raise DamagedError("checksum does not match")
    return _rich(json.loads(bytes(body[:length])), body[length:])


def _plain(value: Any, arrays: list[bytes]) -> Any:
    if isinstance(value, np.ndarray):
        offset = sum(map(len, arrays)) if arrays else 0
        arrays.append(np.ascontiguousarray(value).tobytes())
        return {_ARRAY: [offset, value.dtype.str, list(value.shape)]}
    if isinstance(value, dict):
        return {key: _plain(item, arrays) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, arrays) for item in value]
    return value


def _rich(value: Any, body: memoryview) -> Any:
    if isinstance(value, dict):
        if _ARRAY not in value:
            return {key: _rich(item, body) for key, item in value.items()}
        offset, dtype, shape = value[_ARRAY]
        count = int(np.prod(shape, dtype=np.int64))
        return np.frombuffer(body, np.dtype(dtype), count, offset).reshape(shape).copy()
    if isinstance(value, list):
        return [_rich(item, body) for item in value]
    return value
