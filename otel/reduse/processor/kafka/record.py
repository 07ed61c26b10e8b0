"""A record of the topic of exports, as the host takes it."""

from __future__ import annotations

from dataclasses import dataclass

from reduse.wire import MOST_SHARDS

_DIGITS = len(str(MOST_SHARDS))


@dataclass(frozen=True, slots=True)
class Record:
    """`time`: when the broker appended it (Unix ns). `body`: an encoded export request, or nothing: a tick.

    `key`: the shard that the request is of, as SHARD_HEADER of `reduse.wire` has it.
    """

    offset: int
    time: int
    body: bytes
    key: bytes = b""

    @property
    def shard(self) -> int:
        """The number of the shard; 0 where the key names none."""
        number = self.key.rpartition(b"#")[2]
        return int(number) if number.isdigit() and len(number) <= _DIGITS else 0
