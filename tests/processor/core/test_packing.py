from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.packing import DamagedError, Pieces, pack, unpack

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2**64) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(PLAIN)
def test_plain_values_come_back(value: Any) -> None:
    assert unpack(pack(value)) == value


def test_arrays_come_back_with_type_and_shape() -> None:
    arrays = [np.arange(3, dtype=np.uint64), np.zeros((0, 10)), np.array([[True, False]]), np.ones((2, 3))]
    for before, after in zip(arrays, unpack(pack({"a": arrays}))["a"], strict=True):
        assert after.dtype == before.dtype
        assert np.array_equal(after, before)
        after.fill(0)  # writable


@given(st.lists(st.lists(st.integers(0, 2**64 - 1))))
def test_pieces_come_back_as_one_array(pieces: list[list[int]]) -> None:
    arrays = [np.array(piece, np.uint64) for piece in pieces]
    found = unpack(pack({"a": Pieces(np.uint64, arrays), "after": np.arange(3)}))
    assert found["a"].dtype == np.uint64
    assert found["a"].tolist() == [number for piece in pieces for number in piece]
    assert found["after"].tolist() == [0, 1, 2]


@given(st.data())
def test_any_changed_byte_is_noticed(data: st.DataObject) -> None:
    packed = bytearray(pack({"a": np.arange(4), "b": "c"}))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DamagedError):
        unpack(bytes(packed))


def test_a_shortened_file_is_noticed() -> None:
    for length in (0, 3, 20):
        with pytest.raises(DamagedError):
            unpack(pack({"a": np.arange(4)})[:length])
