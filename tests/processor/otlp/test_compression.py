import gzip
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.otlp.compression import CorruptError, TooLargeError, gunzip

LIMIT = 100_000


@given(st.binary(max_size=1000))
def test_what_was_compressed_comes_back(body: bytes) -> None:
    assert gunzip(gzip.compress(body), len(body)) == body


@given(st.binary(max_size=200))
def test_any_bytes_are_opened_or_refused(body: bytes) -> None:
    with suppress(CorruptError):
        gunzip(body, LIMIT)


@given(st.binary(min_size=1, max_size=1000), st.data())
def test_a_body_cut_anywhere_is_corrupt(body: bytes, data: st.DataObject) -> None:
    compressed = gzip.compress(body)
    with pytest.raises(CorruptError):
        gunzip(compressed[: data.draw(st.integers(0, len(compressed) - 1))], LIMIT)


def test_the_bound_is_exact() -> None:
    assert len(gunzip(gzip.compress(bytes(LIMIT)), LIMIT)) == LIMIT
    with pytest.raises(TooLargeError):
        gunzip(gzip.compress(bytes(LIMIT + 1)), LIMIT)


@pytest.mark.slow
def test_a_bomb_is_opened_no_further_than_the_bound() -> None:
    bomb = gzip.compress(bytes(50_000_000), 9)
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            gunzip(bomb, LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 10 * LIMIT
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("more", [b"x", gzip.compress(b"", mtime=0)], ids=["a byte", "another stream"])
def test_what_comes_after_the_end_is_corrupt(more: bytes) -> None:
    with pytest.raises(CorruptError):
        gunzip(gzip.compress(b"body") + more, LIMIT)
