"""Drills of the reference company: faults of its own services, databases and queues."""

import json
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from reduse.drills import (
    ALONE,
    Drill,
    Installation,
    Supervisor,
    ahead_of_others,
    consumer_refused,
    leaked_connections,
    locks,
    messages,
    requests,
    statements,
)

SHOP = "shop"
MES_DATABASE = "MES database"
QUEUE = "queue"
USERS = "users"

POISON = (b"not json", b"{}", b"\xff")


@contextmanager
def error_burst(installation: Installation, _: Supervisor) -> Iterator[None]:
    """The Shop API may not read its products any more, and people ask for them."""
    revoked = "REVOKE SELECT ON product FROM shop_api"
    granted = "GRANT SELECT ON product TO shop_api"
    with (
        statements(installation, "shop-db", "shop", revoked, granted),
        requests("GET", f"{installation.url('shop-api')}/products", rate=20),
    ):
        yield


@contextmanager
def slow_database(installation: Installation, _: Supervisor) -> Iterator[None]:
    """Somebody locks the products again and again, and people ask for them."""
    with (
        locks(installation, "shop-db", "shop", "product"),
        requests("GET", f"{installation.url('shop-api')}/products", rate=40, threads=8),
    ):
        yield


@contextmanager
def connection_leak(installation: Installation, _: Supervisor) -> Iterator[None]:
    """Somebody opens connections to the MES database and closes none."""
    with leaked_connections(installation, "mes-db", "mes"):
        yield


@contextmanager
def poison_messages(installation: Installation, _: Supervisor) -> Iterator[None]:
    """The shop sends what nobody can read."""
    with messages(installation, "rabbitmq", "shop_api", "orders", "order.created", POISON):
        yield


@contextmanager
def consumer_stopped(installation: Installation, _: Supervisor) -> Iterator[None]:
    """The MES API may not read its queue any more; it lives on."""
    with consumer_refused(installation, "rabbitmq", "mes_api"):
        yield


def _partners(installation: Installation, number: int) -> list[dict[str, str]]:
    """The headers of so many partners."""
    keys: dict[str, str] = json.loads(installation.secret("partner_keys.json").read_text("utf-8"))
    return [{"x-api-key": key} for key in list(keys.values())[:number]]


@contextmanager
def cpu_hog(installation: Installation, _: Supervisor) -> Iterator[None]:
    """Many partners ask for prices as fast as they are answered."""
    part = {"material": "steel", "length_mm": 20, "width_mm": 20, "height_mm": 20, "quantity": 10_000}
    url = f"{installation.url('mes-api')}/partner/price"
    with ahead_of_others(url), ExitStack() as partners:
        for headers in _partners(installation, 8):
            partners.enter_context(requests("POST", url, rate=1_000, threads=1, headers=headers, json=part))
        yield


@contextmanager
def greedy_user(installation: Installation, _: Supervisor, rate: float = 60) -> Iterator[None]:
    """One partner asks again and again for a job that is not there."""
    url = f"{installation.url('mes-api')}/partner/jobs/{uuid.uuid4()}"
    [headers] = _partners(installation, 1)
    with requests("GET", url, rate=rate, threads=8, headers=headers):
        yield


DRILLS: tuple[Drill, ...] = (
    Drill(
        "error-burst",
        SHOP,
        "The Shop API answers with 5xx.",
        "ErrorBudgetBurning",
        error_burst,
        {"job": "shop-api", "window": "1h"},
    ),
    Drill("slow-database", SHOP, "A lock holds up shop-db.", "DatabaseSlow", slow_database, {"job": "shop-api"}),
    Drill(
        "connection-leak",
        MES_DATABASE,
        "The MES database runs out of connections.",
        "DatabaseConnectionsNearMaximum",
        connection_leak,
        {"job": "mes-db"},
    ),
    Drill("poison-messages", QUEUE, "Messages that nobody can read.", "DeadLettersArriving", poison_messages),
    Drill(
        "consumer-stopped",
        QUEUE,
        "The MES API reads its queue no more.",
        "ConsumersGone",
        consumer_stopped,
        {"queue": "mes.orders"},
    ),
    Drill("cpu-hog", ALONE, "Prices keep the MES API's core busy.", "CpuSaturated", cpu_hog, {"job": "mes-api"}),
    Drill(
        "greedy-user",
        USERS,
        "One partner sends most of the requests.",
        "UserTakesUnfairShare",
        greedy_user,
        {"service": "mes-api"},
    ),
    Drill(
        "over-limit",
        USERS,
        "One partner sends more than the limit that is considered.",
        "LimitWouldRefuse",
        partial(greedy_user, rate=150),
        {"service": "mes-api"},
    ),
)
