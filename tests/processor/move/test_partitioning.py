"""Keys find the partitions that agents and workers give them; on a real broker in test_move.py."""

from __future__ import annotations

import pytest

from reduse.processor.move.partitioning import key_of, murmur2, of_workers


# As in Kafka's own UtilsTest.testMurmur2, which has them with a sign.
@pytest.mark.parametrize(
    ("data", "hashed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_keys_are_hashed_as_kafkas_clients_do(data: bytes, hashed: int) -> None:
    assert murmur2(data) == hashed % 2**32


def test_a_service_is_found_by_its_only_shard() -> None:
    assert key_of("shop/mes api") == b"shop/mes%20api#0/1"


def test_partials_are_found_by_the_crc_of_the_service() -> None:
    assert of_workers(b"123456789", 1 << 32) == 0xCBF43926
