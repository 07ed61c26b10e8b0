"""In which partition a key's records are, as those find it who write them."""

from __future__ import annotations

import zlib

from reduse.wire import shard_key

_BITS = 2**32 - 1
_SEED, _MULTIPLIER, _SHIFT = 0x9747B28C, 0x5BD1E995, 24


def key_of(service: str) -> bytes:
    """By which key the records of a service in one shard come, whoever named it: the distro, or the agent."""
    return shard_key("", service, 0, 1).encode()


def of_agents(key: bytes, partitions: int) -> int:
    """Of the topic of exports: agents find it as Kafka's own clients do (`record_partitioner` of agent-kafka.yaml)."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def of_workers(key: bytes, partitions: int) -> int:
    """Of the topic of partials: workers find it as librdkafka does by itself (`partitioner`, consistent_random)."""
    return zlib.crc32(key) % partitions


def murmur2(data: bytes) -> int:
    """As in Kafka's clients (org.apache.kafka.common.utils.Utils), without a sign."""
    found = _SEED ^ len(data)
    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at : at + 4], "little") * _MULTIPLIER & _BITS
        word = (word ^ word >> _SHIFT) * _MULTIPLIER & _BITS
        found = found * _MULTIPLIER & _BITS ^ word
    if whole < len(data):
        found = (found ^ int.from_bytes(data[whole:], "little")) * _MULTIPLIER & _BITS
    found = (found ^ found >> 13) * _MULTIPLIER & _BITS
    return found ^ found >> 15
