"""Partitions are those that Kafka's clients choose."""

import pytest

from reduse.partitioner import hash_of, murmur2

# org.apache.kafka.common.utils.UtilsTest.testMurmur2, as signed numbers.
OF_KAFKA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize(("key", "signed"), OF_KAFKA.items())
def test_the_hash_is_that_of_kafkas_own_client(key: bytes, signed: int) -> None:
    assert murmur2(key) == signed % 2**32
    assert hash_of(key) == signed & 0x7FFFFFFF
