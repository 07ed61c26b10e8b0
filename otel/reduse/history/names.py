"""Names of the files of a history.

`processor-9a31_20261129T14_0.parquet` has windows of the source `processor-9a31` that closed in the hour of 14:00 UTC;
where they are more than one file takes there are `_1` and so on. Until a file is complete its windows are in the
journal of the same name. `processor-9a31.whole` is there while all windows of the source are kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

PARQUET, JOURNAL, WHOLE = ".parquet", ".journal", ".whole"
# Being written.
TEMPORARY = ".temporary"

HOUR = 3600
_HOUR_FORMAT = "%Y%m%dT%H"
_NAME = re.compile(r"(?P<source>.+)_(?P<hour>\d{8}T\d{2})_(?P<part>\d+)\Z")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9.-]")


@dataclass(frozen=True, slots=True, order=True)
class PartName:
    """`hour` is its start, in Unix seconds."""

    source: str
    hour: int
    part: int

    def __str__(self) -> str:
        return f"{self.source}_{datetime.fromtimestamp(self.hour, UTC):{_HOUR_FORMAT}}_{self.part}"


def parsed(stem: str) -> PartName | None:
    """Of a file's name without its ending; None for what is no name of these."""
    found = _NAME.fullmatch(stem)
    if found is None:
        return None
    try:
        hour = datetime.strptime(found["hour"], _HOUR_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None
    return PartName(found["source"], int(hour.timestamp()), int(found["part"]))


def source_name(name: str) -> str:
    """As it can be in the names of files."""
    return _NOT_IN_NAMES.sub("-", name)
