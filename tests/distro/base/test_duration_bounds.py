"""Bounds that a service adds stand among those of the convention, each once, and few enough of them."""

import pytest

from reduse.distro.base.duration_bounds import MOST_ADDED, SETTING, duration_bounds
from reduse.distro.base.errors import ConfigurationError
from reduse.distro.base.semantic_conventions import DURATION_BOUNDS


def test_nothing_added_leaves_the_bounds_of_the_convention() -> None:
    assert duration_bounds("") == duration_bounds(" , ") == DURATION_BOUNDS


def test_added_bounds_are_sorted_in_and_none_is_there_twice() -> None:
    assert duration_bounds("2, 0.3,2.0,0.5,1") == tuple(sorted({*DURATION_BOUNDS, 0.3, 2.0}))


def test_as_many_may_be_added_as_are_said_and_no_more() -> None:
    bounds = ",".join(str(20 + number) for number in range(MOST_ADDED))
    assert len(duration_bounds(f"{bounds},0.5")) == len(DURATION_BOUNDS) + MOST_ADDED
    with pytest.raises(ConfigurationError, match=f"{SETTING} adds {MOST_ADDED + 1} bounds: add at most {MOST_ADDED}"):
        duration_bounds(f"{bounds},0.3")


@pytest.mark.parametrize("text", ["300ms", "0", "-1", "nan", "inf", "0.3;2", "1e400"])
def test_what_is_no_number_of_seconds_is_said_with_the_cure(text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{SETTING}: .* as in 0.3,2$"):
        duration_bounds(f"0.3,{text}")
