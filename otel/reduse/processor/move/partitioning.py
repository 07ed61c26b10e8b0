"""In which partition a key's records are, as those find it who write them."""

from __future__ import annotations

import zlib

from reduse.partitioner import hash_of
from reduse.wire import shard_key


def key_of(service: str) -> bytes:
    """By which key the records of a service in one shard come, whoever named it: the distro, or the agent."""
    return shard_key("", service, 0, 1).encode()


def of_agents(key: bytes, partitions: int) -> int:
    """Of the topic of exports: agents find it as Kafka's own clients do (`record_partitioner` of agent-kafka.yaml)."""
    return hash_of(key) % partitions


def of_workers(key: bytes, partitions: int) -> int:
    """Of the topic of partials: workers find it as librdkafka does by itself (`partitioner`, consistent_random)."""
    return zlib.crc32(key) % partitions
