"""The reference company for tests: real databases, a real broker, and the three services under uvicorn."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.ports import free_port
from tests.postgres import Postgres
from tests.process import Process
from tests.rabbitmq import RabbitMQ
from tests.waiting import PATIENCE_SECONDS, wait_until

ROOT = Path(__file__).parents[2]
DATABASES = ROOT / "company" / "databases"
PASSWORDS = {role: f"{role}-of-a-test" for role in ("shop_api", "crm_api", "mes_api", "monitoring")}
PARTNER_KEYS = {f"partner-{number:03d}": f"key-of-partner-{number:03d}-of-a-test" for number in range(1, 6)}


def service_environment(name: str, secrets: Path, database_port: int, broker_port: int) -> dict[str, str]:
    """The whole environment of a service."""
    password_file = secrets / name
    password_file.write_text(PASSWORDS[name] + "\n")
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "services"),
        "DATABASE_HOST": "127.0.0.1",
        "DATABASE_PORT": str(database_port),
        "DATABASE_NAME": "mes" if name == "mes_api" else "shop",
        "DATABASE_USER": name,
        "DATABASE_PASSWORD_FILE": str(password_file),
        "BROKER_HOST": "127.0.0.1",
        "BROKER_PORT": str(broker_port),
        "BROKER_USER": name,
        "BROKER_PASSWORD_FILE": str(password_file),
    }


class Service(Process):
    """One service under uvicorn, writing its access log to a file."""

    def __init__(self, name: str, environment: dict[str, str], directory: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "uvicorn", f"{name}.app:app", "--port", str(self.port)]
        super().__init__(command, directory / f"{name}.log", environment=environment, directory=ROOT)
        self._client = httpx.Client(base_url=self.url, timeout=PATIENCE_SECONDS)

    def start(self) -> None:
        """Start, and return when the process answers, ready or not."""
        super().start()
        self.wait_until(self._is_up)

    def stop(self, seconds: float = PATIENCE_SECONDS) -> int | None:
        """SIGTERM, and the end within so many seconds."""
        self._client.close()
        return super().stop(seconds)

    def wait_until_ready(self) -> None:
        """Return when database and broker are reached."""
        wait_until(lambda: self.get("/readyz").status_code == 200, f"readiness of {self.url}")

    def get(self, path: str, **options: Any) -> httpx.Response:
        """GET."""
        return self._client.get(path, **options)

    def post(self, path: str, body: object, **options: Any) -> httpx.Response:
        """POST a JSON body."""
        return self._client.post(path, json=body, **options)

    def patch(self, path: str, body: object) -> httpx.Response:
        """PATCH with a JSON body."""
        return self._client.patch(path, json=body)

    def _is_up(self) -> bool:
        try:
            return self.get("/healthz").is_success
        except httpx.TransportError:
            return False


@dataclass
class Company:
    """All of it, running."""

    shop_db: Postgres
    mes_db: Postgres
    broker: RabbitMQ
    secrets: Path
    shop: Service
    crm: Service
    mes: Service
    partner_keys: dict[str, str] = field(default_factory=lambda: dict(PARTNER_KEYS))

    def place_order(self, customer: str = "customer-0001", **options: Any) -> dict[str, Any]:
        """An order of one product, just placed."""
        answer = self.shop.post(
            "/orders", {"customer_id": customer, "items": [{"product_id": 7, "quantity": 3}]}, **options
        )
        assert answer.status_code == 201, answer.text
        order: dict[str, Any] = answer.json()
        return order

    def settle(self) -> None:
        """Return when all messages sent so far have been handled: queues are handled in order."""
        self.wait_for_status(self.place_order("settling")["id"], "accepted")

    def order_status(self, order_id: str) -> str:
        """The status as the CRM shows it."""
        status: str = self.crm.get(f"/orders/{order_id}").json()["status"]
        return status

    def wait_for_status(self, order_id: str, status: str) -> None:
        """Return when the order has the status."""
        wait_until(lambda: self.order_status(order_id) == status, f"order {status}")

    def job_of(self, order_id: str) -> str:
        """The id of an order's job."""
        rows = self.mes_db.execute("SELECT id::text FROM job WHERE order_id = %s", (order_id,), database="mes")
        job_id: str = rows[0][0]
        return job_id

    def queue_depth(self, queue: str) -> int:
        """Messages waiting in a queue, those delivered and not acknowledged not among them."""
        with self.broker.channel() as channel:
            count: int = channel.queue_declare(queue, passive=True).method.message_count
            return count

    def publish(self, exchange: str, routing_key: str, body: bytes) -> None:
        """Send a message as if a service had."""
        with self.broker.channel() as channel:
            channel.basic_publish(exchange, routing_key, body, mandatory=True)


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Return when the condition holds, soon."""
    wait_until(condition, what)
