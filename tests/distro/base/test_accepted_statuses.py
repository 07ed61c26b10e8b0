"""Statuses that show that a claim was believed, as the setting lists them."""

import pytest

from reduse.distro.base.accepted_statuses import ACCEPTED_STATUSES, accepted_statuses
from reduse.distro.base.errors import ConfigurationError


def test_statuses_are_numbers_and_classes() -> None:
    assert accepted_statuses(["2xx", "404"]) == frozenset({*range(200, 300), 404})
    assert accepted_statuses(["4XX"]) == frozenset(range(400, 500))
    assert accepted_statuses([]) == frozenset()
    assert frozenset({*range(200, 300), 304, 404, 409, 410, 412}) == ACCEPTED_STATUSES


@pytest.mark.parametrize("text", ["", "2x", "xx", "1xx", "6xx", "99", "600", "200-299", "ok", "20٠"])
def test_what_is_no_status_is_one_line(text: str) -> None:
    with pytest.raises(ConfigurationError, match="REDUSE_USER_ACCEPTED_STATUSES") as raised:
        accepted_statuses([text])
    assert "\n" not in str(raised.value)
