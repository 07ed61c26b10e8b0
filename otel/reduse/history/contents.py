"""What a Parquet file says of itself in its metadata, so that it is known without reading its rows."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from reduse.history import schema
from reduse.history.rows import Int64


class UnreadableError(Exception):
    """The file is none of a history, is damaged, or is of a version that is not known here."""


class NewerVersionError(UnreadableError):
    """A newer release wrote the file."""


class Group(NamedTuple):
    """A row group with rows of one service, the sums of which are `requests`, `throttled` and `microseconds`.

    `throttled` is None where the file does not say it (version 1).
    """

    number: int
    rows: int
    requests: int
    throttled: int | None
    microseconds: int


@dataclass(frozen=True, slots=True)
class ServiceContents:
    """One service's part of a file, which is in these row groups, in order of users; a journal has none.

    Of each window the start (Unix seconds) and the number, in the order of the numbers.
    """

    groups: tuple[Group, ...]
    rows: int
    policies: tuple[str, ...]
    seconds: Int64
    numbers: Int64


@dataclass(frozen=True, slots=True)
class Contents:
    """`source` is the processor, or the partition of one, that closed the windows, which have all numbers from `first`
    to `last`. `begin` is the start of the earliest, `end` the end of the latest (Unix seconds)."""

    source: str
    first: int
    last: int
    begin: int
    end: int
    services: Mapping[str, ServiceContents]

    def to_json(self) -> bytes:
        """With a checksum: that of Parquet's pages does not cover it."""
        text = json.dumps(
            {
                "version": schema.VERSION,
                "source": self.source,
                "first": self.first,
                "last": self.last,
                "begin": self.begin,
                "end": self.end,
                "services": {
                    name: {
                        "groups": each.groups,
                        "rows": each.rows,
                        "policies": each.policies,
                        "seconds": _packed(each.seconds),
                        "numbers": _packed(each.numbers),
                    }
                    for name, each in self.services.items()
                },
            },
            separators=(",", ":"),
        ).encode()
        return b"%08x%s" % (zlib.crc32(text), text)


def from_json(checked: bytes) -> Contents:
    """Raises UnreadableError."""
    text = checked[8:]
    if checked[:8] != b"%08x" % zlib.crc32(text):
        raise UnreadableError("its metadata are damaged")
    try:
        found = json.loads(text)
        if found["version"] > schema.VERSION:
            raise NewerVersionError(f"a newer release wrote it: it has version {found['version']}")
        if found["version"] not in schema.READABLE:
            raise UnreadableError(f"it has version {found['version']}, this release reads {schema.READABLE}")
        return Contents(
            found["source"],
            found["first"],
            found["last"],
            found["begin"],
            found["end"],
            {
                name: ServiceContents(
                    _groups(each),
                    each["rows"],
                    tuple(each["policies"]),
                    _unpacked(each["seconds"]),
                    _unpacked(each["numbers"]),
                )
                for name, each in found["services"].items()
            },
        )
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error) as error:
        raise UnreadableError(f"its metadata cannot be read: {error!r}") from error


def _groups(service: Mapping[str, Any]) -> tuple[Group, ...]:
    if "groups" in service:
        return tuple(Group(*each) for each in service["groups"])
    # Version 1 had at most one, and its sums in its place.
    if service["group"] is None:
        return ()
    return (Group(service["group"], service["rows"], service["requests"], None, service["microseconds"]),)


def _packed(numbers: Int64) -> str:
    # Differences of numbers that rise by about one each are nearly nothing when compressed.
    return base64.b64encode(zlib.compress(np.diff(numbers, prepend=0).astype("<i8").tobytes())).decode()


def _unpacked(text: str) -> Int64:
    return np.cumsum(np.frombuffer(zlib.decompress(base64.b64decode(text)), "<i8")).astype(np.int64)
