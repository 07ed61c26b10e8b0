"""Whoever gets hold of the agent's passwords reads statistics, and nothing of the company's."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pika
import psycopg2
import psycopg2.errors
import pytest
from pika.exceptions import ChannelClosedByBroker

from tests.ports import free_port
from tests.postgres import Postgres, start_postgres
from tests.rabbitmq import RabbitMQ, start_rabbitmq
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[2]
DATABASES = {"shop": ("shop_api", "crm_api", "monitoring"), "mes": ("mes_api", "monitoring")}
PASSWORD = "of-the-agent-in-a-test"
# A schema that it may not look into is none to it.
REFUSED = (psycopg2.errors.InsufficientPrivilege, psycopg2.errors.InvalidSchemaName)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with start_postgres() as server:
        for name, roles in DATABASES.items():
            script = ROOT / "company" / "databases" / f"{name}.sql"
            server.create_database(name, script, dict.fromkeys(roles, PASSWORD))
        yield server


@pytest.mark.parametrize("database", DATABASES)
def test_the_databases_statistics_can_be_read(postgres: Postgres, database: str) -> None:
    with closing(postgres.connect(database, "monitoring", PASSWORD)) as connection, connection.cursor() as cursor:
        for query in (
            "SELECT sum(numbackends) FROM pg_stat_database",
            "SELECT count(*) FROM pg_stat_activity WHERE query IS NOT NULL",
            "SELECT checkpoints_timed FROM pg_stat_bgwriter",
            "SELECT setting FROM pg_settings WHERE name = 'max_connections'",
            "SELECT pg_database_size(current_database())",
        ):
            cursor.execute(query)
            assert cursor.fetchone() is not None


# None of these may do anything, whatever it is called in the error.
FORBIDDEN = [
    "CREATE TABLE public.mine (id int)",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TEMPORARY TABLE mine (id int)",
    "SELECT rolpassword FROM pg_authid",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "COPY (SELECT 1) TO PROGRAM 'cat'",
    "COPY (SELECT 1) TO '/tmp/somewhere'",
    "SET ROLE postgres",
    "ALTER SYSTEM SET log_statement = 'all'",
    "CREATE ROLE somebody LOGIN",
    "ALTER ROLE monitoring SUPERUSER",
    "GRANT pg_write_all_data TO monitoring",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
    "SELECT pg_reload_conf()",
    "CREATE EXTENSION dblink",
]


@pytest.mark.parametrize("database", DATABASES)
def test_nothing_else_of_the_databases_can_be_read_or_done(postgres: Postgres, database: str) -> None:
    tables = [
        f"{schema}.{table}"
        for schema, table in postgres.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
            database=database,
        )
    ]
    assert tables
    # Somebody whose session could be ended.
    with (
        closing(postgres.connect(database)),
        closing(postgres.connect(database, "monitoring", PASSWORD)) as connection,
        connection.cursor() as cursor,
    ):
        for statement in (
            *FORBIDDEN,
            *(f"TABLE {table}" for table in tables),
            *(f"TRUNCATE {table}" for table in tables),
        ):
            with pytest.raises(psycopg2.Error) as found:
                cursor.execute(statement)
            assert isinstance(found.value, REFUSED), f"{statement}: {found.value}"


def test_the_roles_connections_and_queries_are_bounded(postgres: Postgres) -> None:
    for database in DATABASES:
        ((limit, settings),) = postgres.execute(
            "SELECT rolconnlimit, rolconfig FROM pg_roles WHERE rolname = 'monitoring'", database=database
        )
        assert 0 < limit <= 20
        assert any(setting.startswith("statement_timeout=") for setting in settings or [])


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    passwords = dict.fromkeys(("shop_api", "crm_api", "mes_api", "monitoring"), PASSWORD)
    with start_rabbitmq(tmp_path_factory.mktemp("rabbitmq"), free_port(), free_port(), passwords) as server:
        yield server


@pytest.fixture
def management(broker: RabbitMQ) -> Iterator[httpx.Client]:
    url = f"http://127.0.0.1:{broker.management_port}/api"
    # The broker closes some connections after a refusal, without a word.
    once = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=url, auth=("monitoring", PASSWORD), timeout=PATIENCE_SECONDS, limits=once) as client:
        yield client


def test_the_brokers_statistics_can_be_read(management: httpx.Client) -> None:
    for path in ("/overview", "/nodes", "/queues"):
        answer = management.get(path)
        assert answer.status_code == httpx.codes.OK
        assert answer.json()


def test_the_management_does_nothing_for_it(management: httpx.Client) -> None:
    message = {"properties": {}, "routing_key": "dead-letters", "payload": "x", "payload_encoding": "string"}
    taken = {"count": 1, "ackmode": "ack_requeue_false", "encoding": "auto"}
    for method, path, body in (
        ("POST", "/exchanges/%2F/amq.default/publish", message),
        ("POST", "/queues/%2F/dead-letters/get", taken),
        ("PUT", "/queues/%2F/mine", {"durable": True}),
        ("DELETE", "/queues/%2F/dead-letters", None),
        ("DELETE", "/queues/%2F/dead-letters/contents", None),
        ("PUT", "/users/somebody", {"password": "x", "tags": "administrator"}),
        ("PUT", "/permissions/%2F/monitoring", {"configure": ".*", "write": ".*", "read": ".*"}),
        ("PUT", "/policies/%2F/mine", {"pattern": ".*", "definition": {"max-length": 0}}),
        ("GET", "/users", None),
        ("GET", "/definitions", None),
    ):
        answer = management.request(method, path, content=None if body is None else json.dumps(body))
        refused = answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}
        # A refusal of AMQP comes back as a bad request.
        refused |= answer.status_code == httpx.codes.BAD_REQUEST and "access_refused" in answer.text.lower()
        assert refused, f"{method} {path}: {answer.status_code} {answer.text}"


def test_amqp_does_nothing_for_it(broker: RabbitMQ) -> None:
    parameters = pika.ConnectionParameters(
        "127.0.0.1", broker.port, credentials=pika.PlainCredentials("monitoring", PASSWORD)
    )
    with closing(pika.BlockingConnection(parameters)) as connection:
        for attempt in (
            lambda channel: channel.basic_get("dead-letters"),
            lambda channel: channel.queue_purge("dead-letters"),
            lambda channel: channel.queue_declare("mine"),
            lambda channel: channel.queue_delete("dead-letters"),
            lambda channel: channel.exchange_declare("mine"),
            lambda channel: (channel.confirm_delivery(), channel.basic_publish("", "dead-letters", b"x")),
            lambda channel: channel.basic_consume("dead-letters", lambda *_: None),
        ):
            with pytest.raises(ChannelClosedByBroker, match="ACCESS_REFUSED"):
                attempt(connection.channel())
