"""A record of the topic of exports, as the host takes it."""

from __future__ import annotations

from dataclasses import dataclass

from reduse.wire import ShardNumber, shard_number


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
    def shard(self) -> ShardNumber:
        return shard_number(self.key)
