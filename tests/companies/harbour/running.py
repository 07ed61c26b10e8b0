"""The harbour as it runs without any monitoring: databases, brokers and, when asked for, its services."""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
from psycopg2 import sql

from tests.companies.harbour import topology
from tests.ports import free_port
from tests.postgres import Postgres, start_postgres
from tests.process import Process
from tests.rabbitmq import RabbitMQ, start_rabbitmq

FILE = Path(__file__).with_name("watch.yaml")
ROOT = Path(__file__).parents[3]
MONITORING = {"buchung-db": "monitoring", "archiv-db": "beobachter", "kasse-db": "monitoring"}
ARCHIVE = ("Order-Archive 2025", *(f"jahr_{year}" for year in range(1987, 2025)), "übersee")
"""Databases of the archive: with `postgres` itself there are 41."""
MAX_CONNECTIONS = {"buchung-db": 40, "archiv-db": 60, "kasse-db": 30}
PASSWORD = "beobachter-of-a-test"
SERVICE_PASSWORD = "dienst-of-a-test"
CUSTOMER_HEADER = "x-kunde"


@dataclass(frozen=True)
class Harbour:
    """What runs, by the names in the file, and the environment that the file is read with."""

    databases: Mapping[str, Postgres]
    brokers: Mapping[str, RabbitMQ]
    environment: Mapping[str, str]
    directory: Path

    @contextmanager
    def services(self, agent_port: int) -> Iterator[Mapping[str, str]]:
        """The four services under `opentelemetry-instrument`, until the block ends: their addresses by name."""
        with ExitStack() as stack:
            yield {name: stack.enter_context(self.service(name, agent_port)) for name in _SERVICES}

    @contextmanager
    def service(self, name: str, agent_port: int) -> Iterator[str]:
        """One of the services; its address."""
        address = self.environment[service_variable(name)]
        with self._process(name, address, self._service_environment(name), agent_port):
            yield address

    @contextmanager
    def stranger(self, name: str, agent_port: int) -> Iterator[str]:
        """A service that the file does not know."""
        address = f"http://127.0.0.1:{free_port()}"
        with self._process(name, address, {"OTEL_SERVICE_NAME": name}, agent_port):
            yield address

    @contextmanager
    def _process(self, name: str, address: str, environment: Mapping[str, str], agent_port: int) -> Iterator[None]:
        service = Process(
            [
                Path(sys.executable).with_name("opentelemetry-instrument"),
                *[sys.executable, "-m", "uvicorn", "tests.companies.harbour.service:app"],
                *["--host", "127.0.0.1", "--port", address.rpartition(":")[2], "--log-level", "warning"],
            ],
            self.directory / f"{name.replace('/', '-')}.log",
            environment={
                "PATH": os.environ["PATH"],
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{agent_port}",
                **environment,
            },
            directory=ROOT,
        )
        with service:
            service.wait_until(partial(_answers, address))
            yield

    def _service_environment(self, name: str) -> dict[str, str]:
        service = _SERVICES[name]
        environment = {"OTEL_SERVICE_NAME": name.rpartition("/")[2], **service.environment}
        if "/" in name:
            environment["OTEL_RESOURCE_ATTRIBUTES"] = f"service.namespace={name.partition('/')[0]}"
        if service.database:
            instance, database = service.database
            server = self.databases[instance]
            environment["DATABASE"] = (
                f"host=127.0.0.1 port={server.port} user=dienst password={SERVICE_PASSWORD} dbname='{database}'"
            )
        if service.queue:
            broker, vhost, queue = service.queue
            environment["BROKER"] = f"{_amqp(self.brokers[broker])}/{vhost.replace('/', '%2F')}"
            environment["QUEUE"] = queue
        return environment


@dataclass(frozen=True)
class _Service:
    environment: Mapping[str, str]
    database: tuple[str, str] | None = None
    queue: tuple[str, str, str] | None = None


_USERS = {
    "REDUSE_USER_RESOLVERS": f"header:{CUSTOMER_HEADER}",
    "REDUSE_USER_HASH_KEY": "a key of the harbour, of a test",
}

_SERVICES: Mapping[str, _Service] = {
    "buchung.api": _Service(
        {**_USERS, "REDUSE_DURATION_BOUNDS": "0.3"},
        ("buchung-db", "postgres"),
        ("broker-nord", "/", "buchung.eingang"),
    ),
    "eu/zoll-api": _Service({}, ("archiv-db", "Order-Archive 2025"), ("broker-nord", "zoll", "anmeldungen")),
    "kran_api": _Service({"OTEL_METRIC_EXPORT_INTERVAL": "5000"}, None, ("broker-süd", "/", "buchung.eingang")),
    "kasse": _Service(_USERS, ("kasse-db", "postgres")),
}
"""By job."""


@contextmanager
def harbour() -> Iterator[Harbour]:
    """Databases and brokers, started side by side, until the block ends."""
    directory = Path(tempfile.mkdtemp(prefix="reduse-harbour-"))
    directory.chmod(0o755)
    try:
        with ExitStack() as stack, ThreadPoolExecutor(5) as threads:
            databases = {name: threads.submit(_database, name) for name in MONITORING}
            brokers = {
                "broker-nord": threads.submit(_broker, "nord", "monitoring", directory),
                "broker-süd": threads.submit(_broker, "sued", "beobachter", directory),
            }
            # Whatever came up ends with the block, also when another one did not.
            for database in databases.values():
                stack.callback(_end, database)
            for broker in brokers.values():
                stack.callback(_end, broker)
            servers = {name: future.result()[0] for name, future in databases.items()}
            nodes = {name: future.result()[0] for name, future in brokers.items()}
            yield Harbour(servers, nodes, _environment(servers, nodes, directory), directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _end(started: Future[tuple[Postgres, ExitStack]] | Future[tuple[RabbitMQ, ExitStack]]) -> None:
    if started.exception() is None:
        started.result()[1].close()


def _database(name: str) -> tuple[Postgres, ExitStack]:
    with ExitStack() as stack:
        server = stack.enter_context(start_postgres({"max_connections": str(MAX_CONNECTIONS[name])}))
        for role, password in ((MONITORING[name], PASSWORD), ("dienst", SERVICE_PASSWORD)):
            statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
            server.execute(statement, database="postgres")
        grant = sql.SQL("GRANT pg_monitor TO {}").format(sql.Identifier(MONITORING[name]))
        server.execute(grant, database="postgres")
        for database in ARCHIVE if name == "archiv-db" else ():
            create = sql.SQL("CREATE DATABASE {} STRATEGY file_copy").format(sql.Identifier(database))
            server.execute(create, database="postgres")
        return server, stack.pop_all()


def _broker(name: str, user: str, directory: Path) -> tuple[RabbitMQ, ExitStack]:
    folder = directory / name
    folder.mkdir()
    with ExitStack() as stack:
        broker = stack.enter_context(
            start_rabbitmq(
                folder,
                free_port(),
                free_port(),
                {user: PASSWORD, "dienst": SERVICE_PASSWORD},
                "collect_statistics_interval = 1000",
                definitions=topology.north() if name == "nord" else topology.south(),
            )
        )
        return broker, stack.pop_all()


def _environment(
    databases: Mapping[str, Postgres], brokers: Mapping[str, RabbitMQ], directory: Path
) -> Mapping[str, str]:
    secrets = directory / "secrets"
    secrets.mkdir(mode=0o700)
    for name in (*databases, "broker-nord", "broker-sued"):
        (secrets / name).write_text(PASSWORD)
        (secrets / name).chmod(0o600)
    return {
        "HARBOUR_SECRETS": str(secrets),
        **{name.upper().replace("-", "_"): f"127.0.0.1:{server.port}" for name, server in databases.items()},
        "BROKER_NORD": f"http://127.0.0.1:{brokers['broker-nord'].management_port}",
        "BROKER_SUED": f"http://127.0.0.1:{brokers['broker-süd'].management_port}",
        "BROKER_NORD_AMQP": _amqp(brokers["broker-nord"]),
        **{service_variable(name): f"http://127.0.0.1:{free_port()}" for name in _SERVICES},
    }


def service_variable(name: str) -> str:
    """The variable that holds the address of a service."""
    return f"ADDRESS_{re.sub('[^a-z]', '_', name).upper()}"


def _amqp(broker: RabbitMQ) -> str:
    return f"amqp://dienst:{SERVICE_PASSWORD}@127.0.0.1:{broker.port}"


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/lebt", timeout=2).is_success
    except httpx.HTTPError:
        return False
