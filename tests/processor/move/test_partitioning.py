"""Keys find the partitions that agents and workers give them; on a real broker in test_move.py."""

from __future__ import annotations

from reduse.processor.move.partitioning import key_of, of_workers


def test_a_service_is_found_by_its_only_shard() -> None:
    assert key_of("shop/mes api") == b"shop/mes%20api#0/1"


def test_partials_are_found_by_the_crc_of_the_service() -> None:
    assert of_workers(b"123456789", 1 << 32) == 0xCBF43926
