"""A set of numbers, however they come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reduse.history.numbers import Numbers

NUMBERS = st.integers(0, 30)


@given(st.lists(st.tuples(NUMBERS, st.integers(0, 5))), st.lists(NUMBERS))
def test_it_has_what_was_put_into_it(runs: list[tuple[int, int]], added: list[int]) -> None:
    numbers = Numbers((first, first + more) for first, more in runs)
    for number in added:
        numbers.add(number)
    expected = {number for first, more in runs for number in range(first, first + more + 1)} | set(added)
    assert {number for number in range(-2, 40) if number in numbers} == expected
