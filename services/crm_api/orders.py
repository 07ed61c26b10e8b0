"""What clerks do: find orders and move them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Query, status
from pydantic import BaseModel, ConfigDict

from crm_api.transitions import OrderStatus, sources_of
from foundation.database import Row
from foundation.identifier import Identifier
from foundation.paging import PageSize, Position, next_cursor, page_start
from foundation.service import DatabaseOf

router = APIRouter(prefix="/orders", tags=["orders"])


class Order(BaseModel):
    """An order as a clerk sees it."""

    id: UUID
    customer_id: str
    status: OrderStatus
    total_cents: int
    created_at: datetime
    updated_at: datetime


class OrderPage(BaseModel):
    """Orders, newest first, and where the next page starts."""

    orders: list[Order]
    next_cursor: str | None


class StatusChange(BaseModel):
    """What a clerk sends to move an order."""

    model_config = ConfigDict(extra="forbid")

    status: OrderStatus


@router.get("", response_model=OrderPage)
def list_orders(
    database: DatabaseOf,
    start: Annotated[Position, Depends(page_start)],
    customer: Identifier | None = None,
    order_status: Annotated[OrderStatus | None, Query(alias="status")] = None,
    page_size: PageSize = 20,
) -> dict[str, object]:
    """Orders of a customer, of a status, or all, newest first."""
    # The driver puts the values in, so the planner sees which of the conditions are constant and drops them.
    orders = database.fetch_all(
        "SELECT id, customer_id, status, total_cents, created_at, updated_at FROM orders"
        " WHERE (%(customer)s::text IS NULL OR customer_id = %(customer)s)"
        " AND (%(status)s::text IS NULL OR status = %(status)s)"
        " AND (%(id)s::uuid IS NULL OR (created_at, id) < (%(created_at)s::timestamptz, %(id)s::uuid))"
        " ORDER BY created_at DESC, id DESC LIMIT %(limit)s",
        {"customer": customer, "status": order_status, **start._asdict(), "limit": page_size},
    )
    return {"orders": orders, "next_cursor": next_cursor(orders, page_size)}


@router.get("/{order_id}", response_model=Order)
def read_order(order_id: UUID, database: DatabaseOf) -> Row:
    """One order; 404 when there is none."""
    order = database.fetch_one(
        "SELECT id, customer_id, status, total_cents, created_at, updated_at FROM orders WHERE id = %s", (order_id,)
    )
    if order is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such order")
    return order


@router.patch("/{order_id}/status", response_model=Order)
def change_status(order_id: UUID, change: StatusChange, database: DatabaseOf) -> Row:
    """The order in its new status; 409 when it may not go there from where it is."""
    with database.transaction() as cursor:
        # The condition stands in the statement: what another clerk or production does meanwhile counts.
        cursor.execute(
            "UPDATE orders SET status = %s, updated_at = now() WHERE id = %s AND status = ANY(%s)"
            " RETURNING id, customer_id, status, total_cents, created_at, updated_at",
            (change.status, order_id, sources_of(change.status)),
        )
        order = cursor.fetchone()
    if order is None:
        current = read_order(order_id, database)["status"]
        raise HTTPException(
            status.HTTP_409_CONFLICT, f"an order that is {current} cannot become {change.status} by a clerk"
        )
    return order
