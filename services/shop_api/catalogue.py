"""What can be ordered."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, status
from pydantic import BaseModel, Field

from foundation.database import Row
from foundation.service import DatabaseOf

router = APIRouter(prefix="/products", tags=["catalogue"])


# As far as the column goes.
ProductId = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Product(BaseModel):
    """A product; money is in integer cents."""

    id: int
    sku: str
    name: str
    price_cents: int


@router.get("", response_model=list[Product])
def list_products(
    database: DatabaseOf, after: ProductId = 0, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> list[Row]:
    """Products by rising id, those after the given one."""
    return database.fetch_all(
        "SELECT id, sku, name, price_cents FROM product WHERE id > %s ORDER BY id LIMIT %s", (after, limit)
    )


@router.get("/{product_id}", response_model=Product)
def read_product(product_id: ProductId, database: DatabaseOf) -> Row:
    """One product; 404 when there is none."""
    product = database.fetch_one("SELECT id, sku, name, price_cents FROM product WHERE id = %s", (product_id,))
    if product is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such product")
    return product
