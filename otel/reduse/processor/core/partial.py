"""What one shard says of a service as of one moment, as a value and as bytes.

Layout: what `packing` puts before it, a JSON header, and after it the texts that the header has by their numbers, a
line each, and the columns of users. What metrics and series are called is thus said once, and is no text within JSON,
which would take longest to write and to read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reduse.processor.core.contribution import Contribution
from reduse.processor.core.engine import Emission
from reduse.processor.core.format_check import check_format
from reduse.processor.core.packing import DamagedError, opened, sealed
from reduse.processor.core.plain_metrics import metrics_by_number, numbered_metrics
from reduse.processor.core.window import Load
from reduse.wire import ShardNumber

FORMAT = 2
_COLUMNS = np.dtype(np.uint64), np.dtype(np.int64), np.dtype(np.int64)


@dataclass(frozen=True, slots=True)
class Partial:
    """`source`: who says it, of one partition of users' points; all that it says of a service comes in order of time.

    The emission is of a closed window, with those `shards` of the service whose users are in it; or it has no
    contribution, when nothing is heard of the service any more.
    """

    source: str
    shards: tuple[ShardNumber, ...]
    emission: Emission


def pack_partials(partials: Sequence[Partial]) -> bytes:
    parts: list[memoryview] = []
    texts: dict[str, int] = {}
    header = [_plain(partial, texts, parts) for partial in partials]
    lines = "\n".join(texts).encode()
    text = json.dumps({"format": FORMAT, "texts": len(lines), "partials": header}, separators=(",", ":"))
    return b"".join(sealed(text.encode(), [lines, *parts]))


def unpack_partials(body: bytes) -> list[Partial]:
    """What was packed. Raises DamagedError when it is not that, NewerFormatError for a newer release's format."""
    header, rest = opened(body)
    try:
        found = json.loads(header)
        check_format("a record of partials", found["format"], FORMAT)
        begin = found["texts"]
        texts = bytes(rest[:begin]).decode().split("\n")
        return list(_partials(found["partials"], texts, rest[begin:]))
    except (KeyError, TypeError, IndexError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DamagedError(f"no partials: {error!r}") from error


def _plain(partial: Partial, texts: dict[str, int], parts: list[memoryview]) -> list[Any]:
    emission = partial.emission
    return [
        partial.source,
        partial.shards,
        emission.service,
        emission.started,
        emission.time,
        numbered_metrics(emission.metrics, texts),
        None if emission.contribution is None else _plain_contribution(emission.contribution, parts),
    ]


def _plain_contribution(contribution: Contribution, parts: list[memoryview]) -> list[Any]:
    columns = contribution.users, contribution.counts, contribution.microseconds
    if len(contribution.users):
        parts += [np.ascontiguousarray(column).data.cast("B") for column in columns]
    loads = contribution.anonymous, contribution.overflow, contribution.untracked
    return [len(contribution.users), *((load.count, load.microseconds) for load in loads)]


def _partials(header: Iterable[Any], texts: Sequence[str], rest: memoryview) -> Iterable[Partial]:
    at = 0
    for source, shards, service, started, time, metrics, contribution in header:
        given = None
        if contribution is not None:
            rows, *loads = contribution
            columns: list[Any] = []
            for dtype in _COLUMNS:
                # A copy, as what is packed may begin anywhere.
                columns.append(np.frombuffer(rest, dtype, rows, at).copy() if rows else np.empty(0, dtype))
                at += rows * dtype.itemsize
            given = Contribution(*columns, *(Load(*load) for load in loads))
        emission = Emission(service, started, time, metrics_by_number(metrics, texts), given)
        yield Partial(source, tuple(ShardNumber(*shard) for shard in shards), emission)
