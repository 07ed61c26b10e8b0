"""Placing and reading orders."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Response, status
from pydantic import BaseModel, ConfigDict, Field, field_validator

from foundation.database import Cursor, Row
from foundation.idempotency import IdempotencyKey, digest_with_key, refuse_other_body
from foundation.identifier import Identifier
from foundation.outbox import enqueue
from foundation.service import DatabaseOf, RelayOf
from shop_api.catalogue import ProductId

EXCHANGE = "orders"
ORDER_CREATED = "order.created"
MOST_ITEMS = 50

router = APIRouter(prefix="/orders", tags=["orders"])


class ItemOrdered(BaseModel):
    """So many of one product."""

    model_config = ConfigDict(extra="forbid")

    product_id: ProductId
    quantity: Annotated[int, Field(ge=1, le=1000)]


class OrderPlaced(BaseModel):
    """What a customer sends."""

    model_config = ConfigDict(extra="forbid")

    customer_id: Identifier
    items: Annotated[list[ItemOrdered], Field(min_length=1, max_length=MOST_ITEMS)]

    @field_validator("items")
    @classmethod
    def each_product_once(cls, items: list[ItemOrdered]) -> list[ItemOrdered]:
        """A product has one line in an order."""
        if len({item.product_id for item in items}) < len(items):
            raise ValueError("a product is named twice: give its whole quantity once")
        return items


class Item(BaseModel):
    """A line of an order, at the price of the time it was placed."""

    product_id: int
    sku: str
    quantity: int
    unit_price_cents: int


class Order(BaseModel):
    """An order as its customer sees it."""

    id: UUID
    customer_id: str
    status: str
    total_cents: int
    created_at: datetime
    items: list[Item]


@router.post("", status_code=status.HTTP_201_CREATED, response_model=Order)
def place_order(
    placed: OrderPlaced,
    response: Response,
    database: DatabaseOf,
    relay: RelayOf,
    key: IdempotencyKey = None,
) -> Row:
    """The order that was placed; 200 with the first one when its Idempotency-Key is already known."""
    digest = digest_with_key(key, placed)
    with database.transaction() as cursor:
        items = _priced(cursor, placed.items)
        order = _insert(cursor, placed.customer_id, items, key, digest)
        if order is not None:
            enqueue(cursor, EXCHANGE, ORDER_CREATED, order)
    if order is not None:
        relay.wake()
        return order
    response.status_code = status.HTTP_200_OK
    first = database.fetch_one(
        "SELECT id, request_digest FROM orders WHERE customer_id = %s AND idempotency_key = %s",
        (placed.customer_id, key),
    )
    if first is None:
        raise HTTPException(status.HTTP_409_CONFLICT, "the first request with this Idempotency-Key was undone: retry")
    refuse_other_body(first["request_digest"], digest)
    return read_order(first["id"], database)


@router.get("/{order_id}", response_model=Order)
def read_order(order_id: UUID, database: DatabaseOf) -> Row:
    """One order; 404 when there is none."""
    order = database.fetch_one(
        "SELECT id, customer_id, status, total_cents, created_at,"
        " (SELECT json_agg(json_build_object('product_id', product_id, 'sku', sku, 'quantity', quantity,"
        " 'unit_price_cents', unit_price_cents) ORDER BY product_id)"
        " FROM order_item JOIN product ON product.id = product_id WHERE order_id = orders.id) AS items"
        " FROM orders WHERE id = %s",
        (order_id,),
    )
    if order is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such order")
    return order


def _priced(cursor: Cursor, ordered: list[ItemOrdered]) -> list[Row]:
    """The items at today's prices, by product; 422 when a product does not exist."""
    quantities = {item.product_id: item.quantity for item in ordered}
    cursor.execute(
        "SELECT id AS product_id, sku, price_cents AS unit_price_cents FROM product WHERE id = ANY(%s) ORDER BY id",
        (list(quantities),),
    )
    items = [{**row, "quantity": quantities.pop(row["product_id"])} for row in cursor.fetchall()]
    if quantities:
        raise HTTPException(status.HTTP_422_UNPROCESSABLE_CONTENT, f"no such product: {min(quantities)}")
    return items


def _insert(cursor: Cursor, customer_id: str, items: list[Row], key: str | None, digest: bytes | None) -> Row | None:
    """The new order, or None when the customer has one with this key."""
    total_cents = sum(item["quantity"] * item["unit_price_cents"] for item in items)
    cursor.execute(
        "INSERT INTO orders (customer_id, total_cents, idempotency_key, request_digest) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (customer_id, idempotency_key) DO NOTHING"
        " RETURNING id, customer_id, status, total_cents, created_at",
        (customer_id, total_cents, key, digest),
    )
    order = cursor.fetchone()
    if order is None:
        return None
    cursor.execute(
        "INSERT INTO order_item (order_id, product_id, quantity, unit_price_cents)"
        " SELECT %s, * FROM unnest(%s::int[], %s::int[], %s::bigint[])",
        (order["id"], *([item[column] for item in items] for column in ("product_id", "quantity", "unit_price_cents"))),
    )
    return {**order, "items": items}
