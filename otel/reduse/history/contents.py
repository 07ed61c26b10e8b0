"""What a Parquet file says of itself in its metadata, so that it is known without reading its rows."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reduse.history import schema
from reduse.history.rows import Int64


class UnreadableError(Exception):
    """The file is none of a history, is damaged, or is of a version that is not known here."""


@dataclass(frozen=True, slots=True)
class ServiceContents:
    """One service's part of a file: `group` is its row group, None when no user sent anything.

    `requests` and `microseconds` are the sums of its rows. Of each window the start (Unix seconds) and the number, in
    the order of the numbers.
    """

    group: int | None
    rows: int
    requests: int
    microseconds: int
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
                        "group": each.group,
                        "rows": each.rows,
                        "requests": each.requests,
                        "microseconds": each.microseconds,
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
        if found["version"] != schema.VERSION:
            raise UnreadableError(f"it has version {found['version']}, this release reads {schema.VERSION}")
        return Contents(
            found["source"],
            found["first"],
            found["last"],
            found["begin"],
            found["end"],
            {
                name: ServiceContents(
                    each["group"],
                    each["rows"],
                    each["requests"],
                    each["microseconds"],
                    tuple(each["policies"]),
                    _unpacked(each["seconds"]),
                    _unpacked(each["numbers"]),
                )
                for name, each in found["services"].items()
            },
        )
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error) as error:
        raise UnreadableError(f"its metadata cannot be read: {error!r}") from error


def _packed(numbers: Int64) -> str:
    # Differences of numbers that rise by about one each are nearly nothing when compressed.
    return base64.b64encode(zlib.compress(np.diff(numbers, prepend=0).astype("<i8").tobytes())).decode()


def _unpacked(text: str) -> Int64:
    return np.cumsum(np.frombuffer(zlib.decompress(base64.b64decode(text)), "<i8")).astype(np.int64)
