"""Numbers of the report, short and with their unit."""

import math

import pytest

from reduse.operation.report.units import text


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0, "s", "0 s"),
        (0.0213, "s", "21.3 ms"),
        (90, "s", "1.5 min"),
        (7200, "s", "2 h"),
        (0.072, "percentunit", "7.2 %"),
        (85.25, "percent", "85.2 %"),
        (1234, "reqps", "1.23k req/s"),
        (0.5, "reqps", "0.5 req/s"),
        (3 * 2**20, "bytes", "3 MiB"),
        (12, "bytes", "12 B"),
        (250, "short", "250"),
        (math.nan, "s", "-"),
    ],
)
def test_a_number_is_short_and_has_its_unit(value: float, unit: str, expected: str) -> None:
    assert text(value, unit) == expected
