"""A state in pieces, and how it is found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.format_check import NewerFormatError
from reduse.processor.kafka.snapshot import PIECE_BYTES, Collected, Pointer, cut, from_metadata, key_of


@given(st.lists(st.integers(0, 3 * PIECE_BYTES), max_size=5))
def test_pieces_are_small_and_make_the_whole(sizes: list[int]) -> None:
    parts = [bytes([number]) * size for number, size in enumerate(sizes)]
    pieces = list(cut(parts))
    assert b"".join(pieces) == b"".join(parts)
    assert all(0 < len(piece) <= PIECE_BYTES for piece in pieces)


def test_pieces_are_found_among_those_of_others_in_any_order_and_twice() -> None:
    collected = Collected(Pointer(5, "mine", 0, 3, 6))
    for key, piece in [
        (key_of("other", 0), b"no"),
        (key_of("mine", 2), b"ef"),
        (None, b"no"),
        (key_of("mine", 0), b"ab"),
        (key_of("mine", 0), b"ab"),
    ]:
        collected.add(key, piece)
        assert not collected.complete
    collected.add(key_of("mine", 1), b"cd")
    assert collected.complete
    assert collected.join() == b"abcdef"


def test_what_is_committed_says_where_the_snapshot_is() -> None:
    pointer = Pointer(2**40, "0" * 32, 2**40, 100_000, 2**40)
    assert from_metadata(pointer.to_metadata()) == pointer
    # Of brokers' bound, 4,096 bytes, far less.
    assert len(pointer.to_metadata()) < 200


@pytest.mark.parametrize("text", ["", None])
def test_nothing_committed_is_no_snapshot(text: str | None) -> None:
    assert from_metadata(text) is None


@pytest.mark.parametrize("text", ["x", "[]", "3", "{}", '{"format":0}', '{"format":1,"place":3}'])
def test_what_another_program_committed_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="another version or program"):
        from_metadata(text)


def test_what_a_newer_release_committed_is_not_taken_for_damaged() -> None:
    with pytest.raises(NewerFormatError, match="format 99, this one reads format 1"):
        from_metadata('{"format":99}')
