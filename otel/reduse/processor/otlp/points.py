"""Points of per-user histograms as columns, before they are judged; and those of parsed messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reduse.processor.core.columns import Bool, Float64, Kind, UInt8, UInt64
from reduse.processor.otlp.hashes import parse_hashes
from reduse.wire import OVERFLOW_MARK, PLAIN, POLICY, POLICY_NAME, STATUS_CODE, THROTTLED, USER_HASH, RequestClass

USER = USER_HASH.encode()
OVERFLOW = OVERFLOW_MARK.encode()

# DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK
NO_RECORDED_VALUE = 1

_POLICY, _STATUS_CODE = POLICY.encode(), STATUS_CODE.encode()
_POLICY_NAME = re.compile(POLICY_NAME.pattern.encode())

# In `kinds`: attributes that a per-user point does not have.
UNKNOWN = 255
_UNKNOWN = (UNKNOWN, b"", PLAIN)


@dataclass(frozen=True, slots=True)
class Points:
    """One row for each point, as it was sent. `well_formed` is of the user, and true where there is none."""

    kinds: UInt8
    users: UInt64
    well_formed: Bool
    starts: UInt64
    times: UInt64
    counts: UInt64
    sums: Float64
    valued: Bool

    def __len__(self) -> int:
        return len(self.kinds)


def joined(parts: Sequence[Points]) -> Points:
    """All rows, in their order. There are some."""
    if len(parts) == 1:
        return parts[0]
    return Points(*(np.concatenate([getattr(part, name) for part in parts]) for name in Points.__slots__))


def read_points(points: Iterable[Any]) -> dict[RequestClass, Points]:
    """One by one, of `schema.HistogramDataPoint` messages; by class, of each in their order."""
    by_class: dict[RequestClass, list[tuple[Any, int, bytes]]] = {}
    for point in points:
        kind, user, request_class = read_attributes(point.attributes)
        by_class.setdefault(request_class, []).append((point, kind, user))
    return {request_class: _columns(of_class) for request_class, of_class in by_class.items()}


def _columns(read: Sequence[tuple[Any, int, bytes]]) -> Points:
    points, kinds = [point for point, _, _ in read], np.array([kind for _, kind, _ in read], np.uint8)
    users, well_formed = np.zeros(len(points), np.uint64), np.ones(len(points), np.bool_)
    of_users = kinds == Kind.USER
    users[of_users], well_formed[of_users] = parse_hashes([user for _, kind, user in read if kind == Kind.USER])
    return Points(
        kinds,
        users,
        well_formed,
        np.array([point.start_time_unix_nano for point in points], np.uint64),
        np.array([point.time_unix_nano for point in points], np.uint64),
        np.array([point.count for point in points], np.uint64),
        np.array([point.sum for point in points], np.float64),
        np.array([not point.flags & NO_RECORDED_VALUE for point in points], np.bool_),
    )


def read_attributes(attributes: Sequence[Any]) -> tuple[int, bytes, RequestClass]:
    """(the kind, the user's hash as it was sent, the class of the requests) of `schema.KeyValue` messages."""
    if not attributes:
        return Kind.ANONYMOUS, b"", PLAIN
    found = {attribute.key: attribute.value for attribute in attributes}
    if len(found) < len(attributes):
        return _UNKNOWN
    user, overflow = found.pop(USER, None), found.pop(OVERFLOW, None)
    if user is None:
        return (Kind.OVERFLOW, b"", PLAIN) if overflow is not None and overflow.bool_value and not found else _UNKNOWN
    request_class = read_class(found) if overflow is None else None
    return _UNKNOWN if request_class is None else (Kind.USER, user.string_value, request_class)


def read_class(attributes: Mapping[bytes, Any]) -> RequestClass | None:
    """What these say beside the user, of `schema.AnyValue` messages; None when they say anything else."""
    policy, throttled = "", False
    for key, value in attributes.items():
        if key == _POLICY and _POLICY_NAME.fullmatch(value.string_value):
            policy = value.string_value.decode()
        elif key == _STATUS_CODE and value.int_value == THROTTLED:
            throttled = True
        else:
            return None
    return RequestClass(policy, throttled)
