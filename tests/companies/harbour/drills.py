"""Drills of the harbour: faults of services, databases and brokers that others than the stack have started.

Environment: what `running.Harbour.environment` gives.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import httpx
import pika
import psycopg2

from reduse.stack.drill.definition import ALONE, Drill, Fault
from reduse.stack.drill.faults.priority import ahead_of_others
from reduse.stack.drill.traffic import requests
from reduse.stack.installation import Installation
from reduse.stack.supervision import Supervisor
from tests.companies.harbour.running import CUSTOMER_HEADER, MAX_CONNECTIONS, SERVICE_PASSWORD, service_variable
from tests.rabbitmq import ADMINISTRATOR
from tests.rabbitmq import PASSWORD as ADMINISTRATOR_PASSWORD

ALMOST_ALL = 0.87
"""Of the connections that a database allows: over the alert's four fifths."""


def asked(service: str, path: str, *, rate: float, customer: str = "") -> Fault:
    """Somebody asks this service for this path."""

    @contextmanager
    def fault(_installation: Installation, _supervisor: Supervisor) -> Iterator[None]:
        headers = {CUSTOMER_HEADER: customer} if customer else {}
        with requests("GET", os.environ[service_variable(service)] + path, rate=rate, threads=8, headers=headers):
            yield

    return fault


@contextmanager
def cranes_busy(installation: Installation, supervisor: Supervisor) -> Iterator[None]:
    """Somebody has the cranes' service compute as fast as it answers."""
    computing = asked("kran_api", "/rechnen/3000000", rate=1_000)
    with ahead_of_others(os.environ[service_variable("kran_api")]), computing(installation, supervisor):
        yield


@contextmanager
def leaked_connections(_: Installation, __: Supervisor) -> Iterator[None]:
    """Somebody opens connections to the archive, in the database whose name needs quoting, and closes none."""
    host, _colon, port = os.environ["ARCHIV_DB"].partition(":")
    with ExitStack() as leaked:
        for _number in range(round(ALMOST_ALL * MAX_CONNECTIONS["archiv-db"])):
            connection = psycopg2.connect(
                host=host, port=port, user="dienst", password=SERVICE_PASSWORD, dbname="Order-Archive 2025"
            )
            leaked.callback(connection.close)
        yield


@contextmanager
def poison_messages(_: Installation, __: Supervisor) -> Iterator[None]:
    """Customs get messages that they reject."""
    with pika.BlockingConnection(pika.URLParameters(os.environ["BROKER_NORD_AMQP"] + "/zoll")) as connection:
        channel = connection.channel()
        for _number in range(3):
            channel.basic_publish("", "anmeldungen", b"gift")
    yield


@contextmanager
def consumer_refused(_: Installation, __: Supervisor) -> Iterator[None]:
    """The cranes may not read their queue any more, and live on."""
    credentials = (ADMINISTRATOR, ADMINISTRATOR_PASSWORD)
    with httpx.Client(base_url=os.environ["BROKER_SUED"], auth=credentials) as management:
        allow = partial(_allow, management)
        allow("^$")
        try:
            # What is open keeps its rights.
            for connection in management.get("/api/connections").json():
                management.delete(f"/api/connections/{connection['name']}")
            yield
        finally:
            allow(".*")


def _allow(management: httpx.Client, read: str) -> None:
    rights = {"configure": ".*", "write": ".*", "read": read}
    management.put("/api/permissions/%2F/dienst", json=rights).raise_for_status()


DRILLS: tuple[Drill, ...] = (
    Drill(
        "customs-fail",
        "customs",
        "Customs, which have no objective in the file, answer with 5xx.",
        "ErrorBudgetBurning",
        asked("eu/zoll-api", "/kaputt/500", rate=20),
        {"job": "eu/zoll-api", "objective": "availability", "window": "1h"},
    ),
    Drill(
        "booking-slow",
        "booking",
        "Booking is slower than even the more patient of its two objectives.",
        "LatencyBudgetBurning",
        asked("buchung.api", "/langsam/1100", rate=7),
        {"job": "buchung.api", "objective": "patient", "window": "1h"},
    ),
    Drill(
        "booking-database-slow",
        "booking",
        "Booking waits for its database.",
        "DatabaseSlow",
        asked("buchung.api", "/warten/600", rate=10),
        {"job": "buchung.api"},
    ),
    Drill(
        "archive-connections",
        "archive",
        "The archive runs out of connections.",
        "DatabaseConnectionsNearMaximum",
        leaked_connections,
        {"job": "archiv-db"},
    ),
    Drill(
        "customs-poison",
        "broker-nord",
        "Messages that nobody can read, in the virtual host of customs.",
        "DeadLettersArriving",
        poison_messages,
        {"job": "broker-nord", "vhost": "zoll", "queue": "grab.alt"},
    ),
    Drill(
        "cranes-stopped",
        "broker-süd",
        "The cranes read their queue no more; the other broker has one of the same name.",
        "ConsumersGone",
        consumer_refused,
        {"job": "broker-süd", "vhost": "/", "queue": "buchung.eingang"},
    ),
    Drill(
        "cranes-busy",
        ALONE,
        "Sums keep the core of the cranes' service busy.",
        "CpuSaturated",
        cranes_busy,
        {"job": "kran_api"},
    ),
    Drill(
        "greedy-customer",
        "cash desk",
        "One customer sends most of the requests.",
        "UserTakesUnfairShare",
        asked("kasse", "/stücke/1", rate=60, customer="gierig"),
        {"service": "kasse"},
    ),
    Drill(
        "customer-over-limit",
        "booking",
        "One customer sends more than the limit that is considered.",
        "LimitWouldRefuse",
        asked("buchung.api", "/stücke/1", rate=60, customer="gierig"),
        {"service": "buchung.api"},
    ),
)
