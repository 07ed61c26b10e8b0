"""Durations are read and written as Prometheus has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse import duration


@given(st.integers(1, 10**8))
def test_what_is_written_is_read_back(milliseconds: int) -> None:
    assert duration.parse(duration.text(milliseconds / 1000)) == pytest.approx(milliseconds / 1000, abs=1e-6)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("500ms", 0.5), ("1s", 1), ("90s", 90), ("15m", 900), ("1h", 3600), ("7d", 604_800), ("2.5s", 2.5)],
)
def test_seconds_of_each_unit(written: str, seconds: float) -> None:
    assert duration.parse(written) == seconds
    if seconds not in (90, 604_800):
        assert duration.text(seconds) == written


@pytest.mark.parametrize("written", ["", "1", "h", "1h30m", "-1h", "١h", "1e3s", "1 month"])
def test_anything_else_is_none(written: str) -> None:
    assert duration.parse(written) is None


def test_only_the_units_asked_for_are_taken() -> None:
    assert duration.parse("1w", ("s", "d")) is None
    assert duration.parse("1d", ("s", "d")) == 86_400
