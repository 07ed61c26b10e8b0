"""Customers of the shop."""

import random
import uuid
from collections import deque

from locust import task

from traffic.company_user import CompanyUser

PRODUCTS = 50
CUSTOMERS = 500
ORDERS_REMEMBERED = 20


class ShopCustomer(CompanyUser):
    """Looks around, orders, and comes back to see the order."""

    service = "shop-api"
    weight = 4

    def on_start(self) -> None:
        """A customer who has ordered nothing yet."""
        self._customer = f"customer-{random.randint(1, CUSTOMERS):04d}"
        self._orders: deque[str] = deque(maxlen=ORDERS_REMEMBERED)

    @task(4)
    def browse(self) -> None:
        """Look at a page of the catalogue."""
        self.send("GET", f"/products?after={random.randrange(0, PRODUCTS, 10)}&limit=10", "/products")

    @task(5)
    def look_at_product(self) -> None:
        """Look at one product."""
        self.send("GET", f"/products/{random.randint(1, PRODUCTS)}", "/products/{id}")

    @task(3)
    def place_order(self) -> None:
        """Order one to four products."""
        products = random.sample(range(1, PRODUCTS + 1), random.randint(1, 4))
        items = [{"product_id": product, "quantity": random.randint(1, 5)} for product in products]
        order = self.send(
            "POST",
            "/orders",
            "/orders",
            json={"customer_id": self._customer, "items": items},
            headers={"Idempotency-Key": str(uuid.uuid4())},
        )
        if order is not None:
            self._orders.append(order["id"])

    @task(3)
    def follow_order(self) -> None:
        """See how an order does; without one, browse."""
        if self._orders:
            self.send("GET", f"/orders/{random.choice(self._orders)}", "/orders/{id}")
        else:
            self.browse()
