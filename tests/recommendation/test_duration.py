"""Windows are written as Prometheus writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.recommendation import duration
from reduse.recommendation.errors import ChoiceError


@given(st.integers(duration.SHORTEST, duration.LONGEST))
def test_what_is_written_is_read_back(length: int) -> None:
    assert duration.seconds(duration.text(length)) == length


@pytest.mark.parametrize(("text", "length"), [("90s", 90), ("15m", 900), ("1h", 3600), ("7d", 604_800)])
def test_seconds_of(text: str, length: int) -> None:
    assert duration.seconds(text) == length
    assert duration.text(length) == text


@pytest.mark.parametrize("text", ["", "1", "h", "1.5h", "1h30m", "-1h", "1w", "59s", "8d", "1h ", "١h"])
def test_anything_else_names_the_option_and_what_it_takes(text: str) -> None:
    with pytest.raises(ChoiceError, match=r"--window .*: must be"):
        duration.seconds(text)
