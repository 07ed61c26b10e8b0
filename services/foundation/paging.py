"""Keyset paging over rows ordered by (created_at, id): pages stay right while rows are added."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, NamedTuple
from uuid import UUID

from fastapi import HTTPException, Query, status

from foundation.database import Row

LARGEST_PAGE = 100

PageSize = Annotated[int, Query(alias="limit", ge=1, le=LARGEST_PAGE)]


class Position(NamedTuple):
    """The row after which a page starts; empty for the first page."""

    created_at: datetime | None = None
    id: UUID | None = None


def encode_cursor(position: Position) -> str:
    """An opaque text for a position."""
    return base64.urlsafe_b64encode(f"{position.created_at}|{position.id}".encode()).decode()


def decode_cursor(cursor: str) -> Position:
    """The position of a cursor; ValueError when it is none of ours."""
    try:
        created_at, _, row_id = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
    except (binascii.Error, UnicodeError) as error:
        raise ValueError("not a cursor") from error
    return Position(datetime.fromisoformat(created_at), UUID(row_id))


def next_cursor(rows: list[Row], page_size: int) -> str | None:
    """The cursor after these rows, or None when they do not fill the page."""
    if len(rows) < page_size:
        return None
    return encode_cursor(Position(rows[-1]["created_at"], rows[-1]["id"]))


async def page_start(cursor: str | None = None) -> Position:
    """Dependency: the query's `cursor`; 422 when it is none of ours."""
    if cursor is None:
        return Position()
    try:
        return decode_cursor(cursor)
    except ValueError as error:
        raise HTTPException(
            status.HTTP_422_UNPROCESSABLE_CONTENT, "cursor: use next_cursor of the page before"
        ) from error
