"""What is said when psycopg2 cannot be measured. All else that holds of it is in `tests/distro/comparison`."""

import psycopg2.extensions
import pytest

from reduse.distro.sources.database.aggregation import DatabaseAggregation
from reduse.distro.sources.database.measuring import OperationMeter
from reduse.distro.sources.database.psycopg2_operations import measure_psycopg2, place_of


def test_a_psycopg2_that_was_imported_before_is_left_alone_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    cursor = psycopg2.extensions.cursor
    measure_psycopg2(OperationMeter(DatabaseAggregation(lambda: None), place_of))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("reduse: psycopg2 was imported before")
    assert psycopg2.extensions.cursor is cursor
