"""A record of the topic of exports, as the host takes it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """`time`: when the broker appended it (Unix ns). `body`: an encoded export request, or nothing: a tick."""

    offset: int
    time: int
    body: bytes
