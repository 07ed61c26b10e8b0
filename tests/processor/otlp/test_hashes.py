"""Hashes are read eight characters at a time, and as Python would read them."""

from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.otlp.hashes import parse_hashes
from reduse.wire import HASH_DIGITS

DIGITS = frozenset(b"0123456789abcdef")


@given(
    st.lists(st.binary(max_size=17) | st.lists(st.sampled_from(b"09afgAF@`/:"), min_size=16, max_size=16).map(bytes))
)
def test_a_hash_is_sixteen_lower_case_hex_digits(hashes: list[bytes]) -> None:
    numbers, well_formed = parse_hashes(hashes)
    for written, number, ok in zip(hashes, numbers.tolist(), well_formed.tolist(), strict=True):
        assert ok == (len(written) == HASH_DIGITS and DIGITS.issuperset(written))
        assert number == (int(written, 16) if ok else 0)


def test_of_each_character_at_each_place_it_is_known_whether_it_is_a_digit() -> None:
    hashes = [
        b"0" * place + bytes([octet]) + b"0" * (HASH_DIGITS - place - 1)
        for place in range(HASH_DIGITS)
        for octet in range(256)
    ]
    numbers, well_formed = parse_hashes(hashes)
    assert well_formed.tolist() == [bool(DIGITS.issuperset(written)) for written in hashes]
    assert numbers.tolist() == [int(h, 16) if ok else 0 for h, ok in zip(hashes, well_formed.tolist(), strict=True)]
