"""Clerks."""

import random
from typing import Any

from locust import task

from traffic.company_user import CompanyUser
from traffic.shop import CUSTOMERS

NEXT_STATUS = {"completed": "shipped", "shipped": "delivered"}
# Of the orders that could still be cancelled, few are.
CANCELLED = 0.05


class CrmClerk(CompanyUser):
    """Looks through orders, and sends off those that are made."""

    service = "crm-api"
    weight = 2

    def on_start(self) -> None:
        """A clerk who has seen no order yet."""
        self._seen: list[dict[str, Any]] = []

    @task(3)
    def list_orders(self) -> None:
        """Look at the newest orders, of any or one status."""
        status = random.choice(["", "&status=completed", "&status=shipped", "&status=placed"])
        self._look(f"/orders?limit=20{status}")

    @task(2)
    def search_customer(self) -> None:
        """Look for a customer's orders."""
        self._look(f"/orders?limit=20&customer=customer-{random.randint(1, CUSTOMERS):04d}")

    @task(3)
    def read_order(self) -> None:
        """Open an order that was in the list."""
        if self._seen:
            self.send("GET", f"/orders/{random.choice(self._seen)['id']}", "/orders/{id}")
        else:
            self.list_orders()

    @task(3)
    def move_order(self) -> None:
        """Ship or deliver an order, or cancel one; another clerk may have been faster."""
        movable = [order for order in self._seen if order["status"] in NEXT_STATUS]
        if movable:
            order = random.choice(movable)
            target = NEXT_STATUS[order["status"]]
        elif self._seen and random.random() < CANCELLED:
            order, target = random.choice(self._seen), "cancelled"
        else:
            self._look("/orders?limit=20&status=completed")
            return
        self._seen.remove(order)
        self.send("PATCH", f"/orders/{order['id']}/status", "/orders/{id}/status", (409,), json={"status": target})

    def _look(self, path: str) -> None:
        page = self.send("GET", path, "/orders")
        if page is not None and page["orders"]:
            self._seen = page["orders"]
