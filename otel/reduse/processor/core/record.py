"""The engine's commands as records of the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from reduse.processor.core.columns import Export, Int64, Stream
from reduse.processor.core.command import Close, Command, Forget, ForgetService, Resume
from reduse.processor.core.packing import pack, unpack

_COLUMNS = {"kinds": np.uint8, "users": np.uint64, "counts": np.int64, "microseconds": np.int64}


def _narrowed(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same numbers, none of which is negative, in as few bytes as they need: counts are small nearly always."""
    return column.astype(np.min_scalar_type(column.max(initial=0)), copy=False)


def _joined(columns: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return columns[0] if len(columns) == 1 else np.concatenate(columns)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Exports that came at `now` (Unix ns), which the records of earlier releases do not tell."""

    exports: list[Export]
    now: int | None


def pack_exports(exports: Sequence[Export], now: int) -> bytes:
    columns = {name: _narrowed(_joined([getattr(e, name) for e in exports])) for name in _COLUMNS}
    keys = [[*export.stream, export.start, export.time, len(export)] for export in exports]
    # Of the few whose points have starts of their own: how much later than the earliest each is.
    uneven = {n: export.starts - export.start for n, export in enumerate(exports) if export.starts is not None}
    starts = [list(uneven), _narrowed(_joined([*uneven.values()]))] if uneven else []
    return pack({"exports": keys, "now": now, "starts": starts, **columns})


def pack_command(command: Command) -> bytes:
    match command:
        case Close(service, through, quiet):
            return pack({"close": [service, through, quiet]})
        case Forget(stream):
            return pack({"forget": list(stream)})
        case ForgetService(service):
            return pack({"forget_service": service})
        case Resume(now):
            return pack({"resume": now})


def unpack_record(body: bytes) -> Arrival | Command:
    """Raises DamagedError when it is not what was packed, ValueError for a kind that is not known."""
    record = unpack(body)
    match record:
        case {"exports": keys}:
            return Arrival(_exports(record, keys), record.get("now"))
        case {"close": [service, through, quiet]}:
            return Close(service, through, quiet)
        case {"forget": [service, instance]}:
            return Forget(Stream(service, instance))
        case {"forget_service": service}:
            return ForgetService(service)
        case {"resume": now}:
            return Resume(now)
    raise ValueError("a record of an unknown kind")


def _exports(record: dict[str, Any], keys: list[Any]) -> list[Export]:
    ends = np.cumsum([key[-1] for key in keys])[:-1]
    columns = (record[name].astype(kind, copy=False) for name, kind in _COLUMNS.items())
    later = _later(record, keys)
    found = []
    for number, (service, instance, start, time, _), kinds, users, counts, microseconds in zip(
        range(len(keys)), keys, *(np.split(column, ends) for column in columns), strict=True
    ):
        starts = start + later[number] if number in later else None
        found.append(Export(Stream(service, instance), start, time, kinds, users, counts, microseconds, starts))
    return found


def _later(record: dict[str, Any], keys: list[Any]) -> dict[int, Int64]:
    """By number of the export: how much later than its earliest each start is."""
    if not record.get("starts"):
        return {}
    numbers, column = record["starts"]
    ends = np.cumsum([keys[number][-1] for number in numbers])[:-1]
    return dict(zip(numbers, np.split(column.astype(np.int64, copy=False), ends), strict=True))
