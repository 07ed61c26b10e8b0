"""Formats of the state: the one that is written, and how those of releases before become it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from reduse.processor.core.columns import Kind, UInt64
from reduse.processor.core.format_check import check_format
from reduse.processor.core.repeats import identities

STATE_FORMAT = 9
OLDEST_FORMAT = 6


def current(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """The state in this release's format. Raises NewerFormatError, ValueError."""
    check_format("the state", state["format"], STATE_FORMAT, OLDEST_FORMAT)
    match state["format"]:
        case 6:
            return _from_8(_from_7(_from_6(state)))
        case 7:
            return _from_8(_from_7(state))
        case 8:
            return _from_8(state)
        case _:
            return state


def _from_8(state: Mapping[str, Any]) -> dict[str, Any]:
    """It knows no policies, and windows have no numbers."""
    services = [
        {
            **service,
            "policies": {},
            "windows": [[index, {**window, "classes": []}] for index, window in service["windows"]],
        }
        for service in state["services"]
    ]
    return {**state, "format": STATE_FORMAT, "number": 0, "services": services}


def _from_7(state: Mapping[str, Any]) -> dict[str, Any]:
    """It has no sequence, and one part of each open window, merged."""
    services = [
        {**service, "windows": [[index, _parts_from_7(window)] for index, window in service["windows"]]}
        for service in state["services"]
    ]
    return {**state, "format": 8, "sequence": 0, "services": services}


def _parts_from_7(window: Mapping[str, Any]) -> dict[str, Any]:
    return {**window, "parts": [len(window["users"])]}


def _from_6(state: Mapping[str, Any]) -> dict[str, Any]:
    """It does not say when streams were heard, and has an entry for each start of the points of one time.

    All count as heard at the newest time that one of them told: what is resumed then lives.
    """
    heard = max((time for service in state["services"] for time in service["streams"].values()), default=0)
    return {
        "format": 7,
        "heard": heard,
        "forgotten_through": -1,
        "services": [
            {
                **service,
                "streams": {instance: [time, heard] for instance, time in service["streams"].items()},
                "heard": heard,
            }
            for service in state["services"]
        ],
        "repeats": _repeats_from_6(state["repeats"]),
    }


def _repeats_from_6(state: dict[str, Any]) -> dict[str, Any]:
    ends = np.concatenate([[0], np.cumsum(state["lengths"])]).tolist()
    members: list[UInt64] = [state["users"][begin:end] for begin, end in pairwise(ends)]
    # By stream and time, in the order of each stream: the rows of the same.
    rows: dict[tuple[int, int], list[int]] = {}
    for row, (number, _, time) in enumerate(state["keys"].tolist()):
        rows.setdefault((number, time), []).append(row)
    ordered = [rows[key] for key in sorted(rows, key=lambda key: key[0])]
    first = [alike[0] for alike in ordered]
    others = [_others_of_6(state, members, alike[1:]) for alike in ordered]
    return {
        "streams": state["streams"],
        "floors": state["floors"],
        "keys": state["keys"][first],
        "kinds": state["kinds"][first],
        "users": _sets([members[row] for row in first], state["slots"][first]),
        "others": _sets(others, np.zeros(len(others), np.int64)),
    }


def _others_of_6(state: dict[str, Any], members: list[UInt64], rows: list[int]) -> UInt64:
    found = [np.empty(0, np.uint64)]
    for row in rows:
        start = np.uint64(state["keys"][row][1])
        kinds = [kind for kind, seen in zip((Kind.ANONYMOUS, Kind.OVERFLOW), state["kinds"][row], strict=True) if seen]
        users = np.concatenate([members[row], np.zeros(len(kinds), np.uint64)])
        all_kinds = np.array([Kind.USER] * len(members[row]) + kinds, np.uint8)
        found.append(identities(all_kinds, users, np.full(len(users), start, np.uint64)))
    return np.concatenate(found)


def _sets(members: list[UInt64], slots: Any) -> dict[str, Any]:
    return {
        "slots": slots,
        "lengths": np.array([len(each) for each in members], np.int64),
        "members": np.concatenate([np.empty(0, np.uint64), *members]),
    }
