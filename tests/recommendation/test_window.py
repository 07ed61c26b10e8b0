"""A window is a duration of a minute to a week."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse import duration
from reduse.recommendation import window
from reduse.recommendation.errors import ChoiceError


@given(st.integers(window.SHORTEST, window.LONGEST))
def test_what_is_written_is_read_back(length: int) -> None:
    assert window.seconds(duration.text(length)) == length


@pytest.mark.parametrize("text", ["", "1", "h", "1h30m", "-1h", "1w", "59s", "8d", "90500ms", "90.5s", "١h"])
def test_anything_else_names_the_option_and_what_it_takes(text: str) -> None:
    with pytest.raises(ChoiceError, match=r"--window .*: must be"):
        window.seconds(text)
