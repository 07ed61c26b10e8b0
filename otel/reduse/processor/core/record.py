"""The engine's commands as records of the log."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reduse.processor.core.columns import Export, Stream
from reduse.processor.core.engine import Close, Command, Forget
from reduse.processor.core.packing import DamagedError, pack, unpack

_COLUMNS = ("kinds", "users", "counts", "microseconds")


def pack_exports(exports: Sequence[Export]) -> bytes:
    columns = {name: np.concatenate([getattr(e, name) for e in exports]) for name in _COLUMNS}
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
            parts = zip(*(np.split(record[name], ends) for name in _COLUMNS), strict=True)
            return [
                Export(Stream(service, instance), start, time, *part)
                for (service, instance, start, time, _), part in zip(keys, parts, strict=True)
            ]
        case {"close": [service, through, quiet]}:
            return Close(service, through, quiet)
        case {"forget": [service, instance]}:
            return Forget(Stream(service, instance))
    raise DamagedError("a record of an unknown kind")
