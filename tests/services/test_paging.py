"""Cursors."""

import base64
from datetime import UTC, datetime
from uuid import UUID

import pytest

from foundation.paging import Position, decode_cursor, encode_cursor, next_cursor

POSITION = Position(datetime(2026, 3, 1, 12, 0, 0, 123456, UTC), UUID(int=7))


def test_a_cursor_comes_back_to_the_microsecond() -> None:
    assert decode_cursor(encode_cursor(POSITION)) == POSITION


@pytest.mark.parametrize("cursor", ["", "x", "é", base64.urlsafe_b64encode(b"2026-03-01|7").decode(), "AAAA"])
def test_what_is_no_cursor_is_a_value_error(cursor: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        decode_cursor(cursor)


def test_only_a_full_page_has_a_next_one() -> None:
    row = POSITION._asdict()
    assert next_cursor([row], 2) is None
    assert next_cursor([row, row], 2) == encode_cursor(POSITION)
