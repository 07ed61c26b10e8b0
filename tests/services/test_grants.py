"""Each role can do its work and nothing else."""

from contextlib import closing
from typing import Any

import psycopg2
import pytest
from pika.exceptions import ChannelClosedByBroker
from psycopg2.errors import InsufficientPrivilege

from tests.postgres import Postgres
from tests.services.company import DATABASES, PASSWORDS, Company, eventually

pytestmark = pytest.mark.server


def execute_as(server: Postgres, database: str, role: str, statement: str) -> None:
    with closing(server.connect(database, role, PASSWORDS[role])) as connection, connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("crm_api", "INSERT INTO orders (customer_id, total_cents) VALUES ('a', 1)"),
        ("crm_api", "UPDATE orders SET total_cents = 1"),
        ("crm_api", "DELETE FROM orders"),
        ("crm_api", "SELECT * FROM outbox"),
        ("shop_api", "UPDATE orders SET status = 'shipped'"),
        ("shop_api", "UPDATE product SET price_cents = 1"),
        ("shop_api", "UPDATE outbox SET body = '{}'"),
        ("shop_api", "CREATE TABLE mine (id integer)"),
        ("monitoring", "SELECT * FROM public.orders"),
        ("monitoring", "SELECT * FROM public.product"),
        ("monitoring", "SELECT * FROM public.outbox"),
    ],
)
def test_the_shop_database_refuses(company: Company, role: str, statement: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        execute_as(company.shop_db, "shop", role, statement)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("mes_api", "DELETE FROM job"),
        ("mes_api", "UPDATE job SET price_cents = 1"),
        ("mes_api", "DELETE FROM partner"),
        ("monitoring", "SELECT * FROM public.partner"),
        ("monitoring", "SELECT * FROM public.job"),
    ],
)
def test_the_mes_database_refuses(company: Company, role: str, statement: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        execute_as(company.mes_db, "mes", role, statement)


def test_monitoring_sees_the_sessions_of_others(company: Company) -> None:
    session = company.shop_db.connect("shop", "monitoring", PASSWORDS["monitoring"])
    with closing(session) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'shop_api' AND query <> ''")
        row = cursor.fetchone()
    assert row is not None
    assert row[0] > 0


def test_no_role_of_the_shop_reaches_the_mes_database(company: Company) -> None:
    with pytest.raises(psycopg2.OperationalError):
        company.mes_db.connect("mes", "shop_api", PASSWORDS["shop_api"])


@pytest.mark.parametrize(("server", "database"), [("shop_db", "shop"), ("mes_db", "mes")])
def test_the_scripts_may_run_again(company: Company, server: str, database: str) -> None:
    postgres: Postgres = getattr(company, server)
    counted = "SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_roles)"
    before = postgres.execute(counted, database=database)
    postgres.execute((DATABASES / f"{database}.sql").read_text(), database=database)
    assert postgres.execute(counted, database=database) == before


def test_the_catalogue_has_fifty_products(company: Company) -> None:
    assert company.shop_db.execute("SELECT count(*) FROM product", database="shop") == [(50,)]


@pytest.mark.parametrize(
    ("user", "exchange"), [("shop_api", "jobs"), ("crm_api", "orders"), ("mes_api", "orders"), ("monitoring", "jobs")]
)
def test_the_broker_refuses_to_publish_to_an_exchange_of_others(company: Company, user: str, exchange: str) -> None:
    refused = pytest.raises(ChannelClosedByBroker, match="ACCESS_REFUSED")
    with refused, company.broker.channel(user, PASSWORDS[user]) as channel:
        channel.basic_publish(exchange, "any", b"{}")


@pytest.mark.parametrize(
    ("user", "queue"), [("shop_api", "mes.orders"), ("mes_api", "dead-letters"), ("monitoring", "dead-letters")]
)
def test_the_broker_refuses_to_read_a_queue_of_others(company: Company, user: str, queue: str) -> None:
    refused = pytest.raises(ChannelClosedByBroker, match="ACCESS_REFUSED")
    with refused, company.broker.channel(user, PASSWORDS[user]) as channel:
        channel.basic_get(queue)


def test_no_service_declares_queues(company: Company) -> None:
    refused = pytest.raises(ChannelClosedByBroker, match="ACCESS_REFUSED")
    with refused, company.broker.channel("mes_api", PASSWORDS["mes_api"]) as channel:
        channel.queue_declare("mine")


def test_monitoring_sees_the_queues_and_their_bounds(company: Company) -> None:
    bounds: dict[str, dict[str, Any]] = {}

    def each_bound_is_known() -> bool:
        # The management's statistics come a moment after the queues.
        for queue in company.broker.get("/api/queues", "monitoring", PASSWORDS["monitoring"]).json():
            bounds[queue["name"]] = queue.get("effective_policy_definition", {})
        return bool(bounds) and all("max-length" in bound for bound in bounds.values())

    eventually(each_bound_is_known, "a bound for each queue")
    assert set(bounds) == {"mes.orders", "crm.job-status", "dead-letters"}
    assert bounds["mes.orders"]["dead-letter-exchange"] == "dead-letters"
