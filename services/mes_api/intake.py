"""Orders of the shop become jobs."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from foundation.database import Database
from foundation.outbox import OutboxRelay
from mes_api.job_store import Line, Source, insert_job

QUEUE = "mes.orders"


class ItemOrdered(BaseModel):
    """A line of an order."""

    sku: str
    quantity: int


class OrderCreated(BaseModel):
    """An `order.created` message; fields it may gain later are ignored."""

    id: UUID
    total_cents: int
    items: Annotated[list[ItemOrdered], Field(min_length=1)]


class OrderIntake:
    """Makes one job of each order, however often its message comes."""

    def __init__(self, database: Database, relay: OutboxRelay) -> None:
        self._database = database
        self._relay = relay

    def __call__(self, body: bytes) -> None:
        """Take one message into the database; ValueError or a database's refusal when it is no order."""
        order = OrderCreated.model_validate_json(body)
        lines = [Line(item.sku, item.quantity) for item in order.items]
        with self._database.transaction() as cursor:
            insert_job(cursor, Source(order_id=order.id), order.total_cents, lines)
        self._relay.wake()
