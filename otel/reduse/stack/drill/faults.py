"""The faults: each is made when its block is entered, and mended at its end."""

import json
import os
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import pika
import psycopg2

from reduse.errors import StackError
from reduse.operation.query import PrometheusClient
from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.stack import broker, commands, credentials, databases
from reduse.stack.drill.exports import exports
from reduse.stack.drill.traffic import requests
from reduse.stack.packages import RABBITMQ_SERVER
from reduse.stack.supervision import Supervisor

RABBITMQCTL = RABBITMQ_SERVER.resolve().with_name("rabbitmqctl")
# Of the connections that the server allows: over the alert's four fifths.
LEAKED = 0.85
LOCK_SECONDS = 1.5
POISON = (b"not json", b"{}", b"\xff")
POISONER = "drill-poison"
# Of the newest sample of a service that is not held up: a few of its export intervals, and the way.
FRESH_SECONDS = 30.0


class Lane(StrEnum):
    """What a fault touches."""

    SHOP = "shop"
    MES_DATABASE = "MES database"
    QUEUE = "queue"
    USERS = "users"
    SAMPLES = "samples"
    ALONE = "all of it"
    """It takes away what all others need."""


Fault = Callable[[Settings, Supervisor], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Drill:
    """A fault, and labels of the alert that it must raise. Drills of different lanes do not disturb each other."""

    name: str
    lane: Lane
    description: str
    alert: str
    labels: Mapping[str, str]
    fault: Fault

    @property
    def wanted(self) -> dict[str, str]:
        return {"alertname": self.alert, **self.labels}


@contextmanager
def error_burst(settings: Settings, _: Supervisor) -> Iterator[None]:
    """The Shop API may not read its products any more, and people ask for them."""
    url = f"http://127.0.0.1:{settings.shop_api_port}/products"
    with databases.connect(databases.SHOP_DB, databases.SHOP_DB.name, settings) as connection, ExitStack() as mending:
        cursor = mending.enter_context(connection.cursor())
        cursor.execute("REVOKE SELECT ON product FROM shop_api")
        mending.callback(cursor.execute, "GRANT SELECT ON product TO shop_api")
        mending.enter_context(requests("GET", url, rate=20))
        yield


@contextmanager
def slow_database(settings: Settings, _: Supervisor) -> Iterator[None]:
    """Somebody locks the products again and again, and people ask for them."""
    url = f"http://127.0.0.1:{settings.shop_api_port}/products"
    ending = threading.Event()

    def lock() -> None:
        with databases.connect(databases.SHOP_DB, databases.SHOP_DB.name, settings) as connection:
            while not ending.is_set():
                with connection.cursor() as cursor:
                    cursor.execute("BEGIN; LOCK TABLE product IN ACCESS EXCLUSIVE MODE")
                    cursor.execute("SELECT pg_sleep(%s)", [LOCK_SECONDS])
                    cursor.execute("COMMIT")
                ending.wait(0.05)

    locker = threading.Thread(target=lock, daemon=True)
    locker.start()
    try:
        with requests("GET", url, rate=40, threads=8):
            yield
    finally:
        ending.set()
        locker.join()


@contextmanager
def connection_leak(settings: Settings, _: Supervisor) -> Iterator[None]:
    """Somebody opens connections to the MES database and closes none."""
    with ExitStack() as leaked:
        for _number in range(round(LEAKED * databases.MAX_CONNECTIONS)):
            # Fewer are as good: the server's own have taken the rest.
            with suppress(psycopg2.OperationalError):
                leaked.enter_context(databases.connect(databases.MES_DB, databases.MES_DB.name, settings))
        yield


@contextmanager
def poison_messages(settings: Settings, _: Supervisor) -> Iterator[None]:
    """The shop sends what nobody can read."""
    password = secret_files.read(settings.secrets_dir, "broker_shop_api")
    connection = pika.BlockingConnection(
        pika.ConnectionParameters(
            "127.0.0.1", settings.broker_port, credentials=pika.PlainCredentials("shop_api", password)
        )
    )
    channel = connection.channel()
    for body in POISON:
        channel.basic_publish("orders", "order.created", body)
    connection.close()
    yield


@contextmanager
def consumer_stopped(settings: Settings, _: Supervisor) -> Iterator[None]:
    """The MES API may not read its queue any more; it lives on."""
    permissions = json.loads((settings.root / "company/broker/permissions.json").read_text())["permissions"]
    [kept] = [each for each in permissions if each["user"] == "mes_api"]
    allow = partial(_set_permissions, settings, kept["configure"], kept["write"])
    allow("^$")
    try:
        # What is open keeps its rights.
        _rabbitmqctl(settings, "close_all_user_connections", "mes_api", "drill")
        yield
    finally:
        allow(kept["read"])


def _set_permissions(settings: Settings, configure: str, write: str, read: str) -> None:
    _rabbitmqctl(settings, "set_permissions", "--vhost", "/", "mes_api", configure, write, read)


def _rabbitmqctl(settings: Settings, *arguments: str) -> None:
    commands.run(
        [str(RABBITMQCTL), "--node", "reduse@localhost", *arguments],
        log=settings.log_dir / "drill.log",
        cure="See `./reduse logs rabbitmq`.",
        environment={"PATH": os.environ["PATH"], **broker.environment(settings)},
        directory=broker.directory(settings),
    )


def _partners(settings: Settings, number: int) -> list[dict[str, str]]:
    """The headers of so many partners."""
    keys: dict[str, str] = json.loads(secret_files.read(settings.secrets_dir, credentials.PARTNER_KEYS))
    return [{"x-api-key": key} for key in list(keys.values())[:number]]


@contextmanager
def cpu_hog(settings: Settings, _: Supervisor) -> Iterator[None]:
    """Many partners ask for prices as fast as they are answered."""
    part = {"material": "steel", "length_mm": 20, "width_mm": 20, "height_mm": 20, "quantity": 10_000}
    url = f"http://127.0.0.1:{settings.mes_api_port}/partner/price"
    with ExitStack() as partners:
        for headers in _partners(settings, 8):
            partners.enter_context(requests("POST", url, rate=1_000, threads=1, headers=headers, json=part))
        yield


@contextmanager
def greedy_user(settings: Settings, _: Supervisor, rate: float = 60) -> Iterator[None]:
    """One partner asks again and again for a job that is not there."""
    url = f"http://127.0.0.1:{settings.mes_api_port}/partner/jobs/{uuid.uuid4()}"
    [headers] = _partners(settings, 1)
    with requests("GET", url, rate=rate, threads=8, headers=headers):
        yield


@contextmanager
def poisonous_samples(settings: Settings, _: Supervisor) -> Iterator[None]:
    """A service sends histograms that the store can never take. Raises StackError when others are held up by it."""
    with PrometheusClient.of(settings) as client:
        fresh = f"time() - max by (job) (timestamp(target_info)) < {FRESH_SECONDS}"
        before = {sample.labels["job"] for sample in client.query(fresh)}
        with exports(settings, POISONER):
            yield
            held_up = before - {sample.labels["job"] for sample in client.query(fresh)}
    if held_up:
        raise StackError(f"samples of {', '.join(sorted(held_up))} are held up by those of {POISONER}.")


@contextmanager
def part_stopped(_: Settings, supervisor: Supervisor, part: str) -> Iterator[None]:
    supervisor.stop_part(part)
    try:
        yield
    finally:
        supervisor.start_part(part)


DRILLS: tuple[Drill, ...] = (
    Drill(
        "error-burst",
        Lane.SHOP,
        "The Shop API answers with 5xx.",
        "ErrorBudgetBurning",
        {"job": "shop-api", "window": "1h"},
        error_burst,
    ),
    Drill(
        "slow-database",
        Lane.SHOP,
        "A lock holds up shop-db.",
        "DatabaseSlow",
        {"job": "shop-api"},
        slow_database,
    ),
    Drill(
        "connection-leak",
        Lane.MES_DATABASE,
        "The MES database runs out of connections.",
        "DatabaseConnectionsNearMaximum",
        {"job": "mes-db"},
        connection_leak,
    ),
    Drill("poison-messages", Lane.QUEUE, "Messages that nobody can read.", "DeadLettersArriving", {}, poison_messages),
    Drill(
        "consumer-stopped",
        Lane.QUEUE,
        "The MES API reads its queue no more.",
        "ConsumersGone",
        {"queue": "mes.orders"},
        consumer_stopped,
    ),
    Drill("cpu-hog", Lane.ALONE, "Prices keep the MES API's core busy.", "MesCpuSaturated", {}, cpu_hog),
    Drill(
        "greedy-user",
        Lane.USERS,
        "One partner sends most of the requests.",
        "UserTakesUnfairShare",
        {"service": "mes-api"},
        greedy_user,
    ),
    Drill(
        "over-limit",
        Lane.USERS,
        "One partner sends more than the limit that is considered.",
        "LimitWouldRefuse",
        {"service": "mes-api"},
        partial(greedy_user, rate=150),
    ),
    Drill(
        "poison",
        Lane.SAMPLES,
        "A service sends samples that no store can take.",
        "SamplesRefused",
        {"service": POISONER, "reason": "malformed"},
        poisonous_samples,
    ),
    *(
        Drill(
            f"{part}-killed",
            Lane.ALONE,
            f"The {part} is stopped.",
            "MonitoringPartDown",
            {"job": job},
            partial(part_stopped, part=part),
        )
        for part, job in (
            ("agent", "collector-agent"),
            ("gateway", "collector-gateway"),
            ("processor", "reduse-processor"),
        )
    ),
)
