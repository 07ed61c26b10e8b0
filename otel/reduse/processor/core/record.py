"""The engine's commands as records of the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from reduse.processor.core.columns import Export, Stream
from reduse.processor.core.engine import Close, Command, Forget
from reduse.processor.core.packing import DamagedError, pack, unpack

_COLUMNS = {"kinds": np.uint8, "users": np.uint64, "counts": np.int64, "microseconds": np.int64}


def _narrowed(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same numbers, none of which is negative, in as few bytes as they need: counts are small nearly always."""
    return column.astype(np.min_scalar_type(column.max(initial=0)), copy=False)


def _joined(columns: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return columns[0] if len(columns) == 1 else np.concatenate(columns)


def pack_exports(exports: Sequence[Export]) -> bytes:
    columns = {name: _narrowed(_joined([getattr(e, name) for e in exports])) for name in _COLUMNS}
    keys = [[*export.stream, export.start, export.time, len(export)] for export in exports]
    return pack({"exports": keys, **columns})


def pack_command(command: Command) -> bytes:
    match command:
        case Close(service, through, quiet):
            return pack({"close": [service, through, quiet]})
        case Forget(stream):
            return pack({"forget": list(stream)})


def unpack_record(body: bytes) -> list[Export] | Command:
    """Raises DamagedError."""
    record = unpack(body)
    match record:
        case {"exports": keys}:
            ends = np.cumsum([key[-1] for key in keys])[:-1]
            columns = (record[name].astype(kind, copy=False) for name, kind in _COLUMNS.items())
            parts = zip(*(np.split(column, ends) for column in columns), strict=True)
            return [
                Export(Stream(service, instance), start, time, *part)
                for (service, instance, start, time, _), part in zip(keys, parts, strict=True)
            ]
        case {"close": [service, through, quiet]}:
            return Close(service, through, quiet)
        case {"forget": [service, instance]}:
            return Forget(Stream(service, instance))
    raise DamagedError("a record of an unknown kind")
