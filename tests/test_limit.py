"""A limit is read as people write it, and is written as it is read."""

import pytest

from reduse.limit import Limit, Period, parse_limit


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("60/minute", Limit(60, Period.MINUTE)),
        ("7.5/s", Limit(7.5, Period.SECOND)),
        ("5", Limit(5, Period.SECOND)),
        (" 1000 / h ", Limit(1000, Period.HOUR)),
        ("8/day", Limit(8, Period.DAY)),
    ],
)
def test_a_limit_is_read(text: str, limit: Limit) -> None:
    assert parse_limit(text) == limit
    assert parse_limit(str(limit)) == limit


@pytest.mark.parametrize("text", ["", "/minute", "many/minute", "0/s", "-1", "nan", "inf/day", "1e10", "6/fortnight"])
def test_what_is_no_limit_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"limit|period|number"):
        parse_limit(text)


def test_limits_compare_in_the_long_run() -> None:
    assert parse_limit("60/minute").per_second == 1 == parse_limit("86400/d").per_second
