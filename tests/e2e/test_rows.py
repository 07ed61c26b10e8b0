"""All twelve rows are live, and their numbers are those that the parts themselves give."""

import json
import time
from functools import partial

import httpx
import pika
import pytest

from reduse.settings import secret_files
from reduse.stack import databases
from tests.e2e.stack import Stack
from tests.reference import ROWS
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = [pytest.mark.server, pytest.mark.e2e]


def test_check_passes_for_all_twelve_rows(stack: Stack) -> None:
    assert stack.checked() == ([row.name for row in ROWS], 0)


@pytest.mark.parametrize("name", ["shop-db", "mes-db"])
def test_connections_are_those_of_pg_stat_activity(stack: Stack, name: str) -> None:
    """Rows 9 and 10: the number in Prometheus is among those seen by SQL while it was scraped, of all databases."""
    database = stack.installation.database(name)
    seen = set[float]()
    found = None
    deadline = time.monotonic() + PATIENCE_SECONDS
    while found not in seen and time.monotonic() < deadline:
        with databases.connect(database, "postgres", stack.installation) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
            row = cursor.fetchone()
            assert row is not None
            # With this test's own, and without.
            seen |= {float(row[0]), float(row[0]) - 1}
        found = stack.prometheus.scalar(f'sum(postgresql_backends{{job="{name}"}})')
        time.sleep(0.5)
    assert found in seen
    maximum = stack.prometheus.scalar(f'max(postgresql_connection_max{{job="{name}"}})')
    assert maximum == database.max_connections


def test_a_poison_message_is_a_dead_letter_in_row_11(stack: Stack) -> None:
    """Row 11 grows by the letters that were rejected, and agrees with the broker's own count."""
    depth = 'sum(rabbitmq_message_current{rabbitmq_queue_name="dead-letters"})'
    before = stack.prometheus.scalar(depth) or 0.0
    publish(stack, "orders", "order.created", [b"not json", b"{}", b"\xff"])
    assert stack.wait_for(depth, before + 3) == before + 3
    assert queue(stack, "dead-letters")["messages"] == before + 3


def test_messages_in_flight_are_those_of_the_broker(stack: Stack) -> None:
    """Row 12: with nothing to do, nothing is in flight on either side."""
    for name in ("mes.orders", "crm.job-status"):
        wait_until(partial(is_idle, stack, name), f"nothing under way in {name}")
        promql = f'sum(rabbitmq_message_current{{rabbitmq_queue_name="{name}",state="unacknowledged"}})'
        assert stack.wait_for(promql, 0) == 0
        assert stack.prometheus.query(promql) != []


def is_idle(stack: Stack, name: str) -> bool:
    return queue(stack, name)["messages_unacknowledged"] == 0


def publish(stack: Stack, exchange: str, routing_key: str, bodies: list[bytes]) -> None:
    """Publish as the Shop API may."""
    password = secret_files.read(stack.settings.secrets_dir, "broker_shop_api")
    connection = pika.BlockingConnection(
        pika.ConnectionParameters(
            host="127.0.0.1",
            port=stack.installation.port("rabbitmq"),
            credentials=pika.PlainCredentials("shop_api", password),
        )
    )
    channel = connection.channel()
    channel.confirm_delivery()
    for body in bodies:
        channel.basic_publish(exchange, routing_key, body, mandatory=True)
    connection.close()


def queue(stack: Stack, name: str) -> dict[str, int]:
    """What the broker's management API says of a queue."""
    response = httpx.get(
        f"{stack.installation.url('rabbitmq.management')}/api/queues/%2F/{name}",
        auth=("monitoring", secret_files.read(stack.settings.secrets_dir, "broker_monitoring")),
        timeout=PATIENCE_SECONDS,
    )
    found: dict[str, int] = response.raise_for_status().json()
    return found


def test_the_greedy_partner_is_found_again_by_its_pseudonym(stack: Stack) -> None:
    """Row 5 names users by pseudonym, `hash-user` gives it for a known user, and `top` shows it first."""
    # It has the first key, and so most of the load.
    greedy = next(iter(json.loads(stack.installation.secret("partner_keys.json").read_text())))
    pseudonym = stack.reduse("hash-user", greedy).stdout.strip()

    def is_first() -> bool:
        users = json.loads(stack.reduse("top", "--json").stdout)
        return bool(users) and users[0]["user"] == pseudonym

    load = stack.start_load(60, 40)
    wait_until(is_first, "the greedy partner before all others")
    report = load.finish()
    assert max(report["partners"], key=report["partners"].__getitem__) == greedy


def test_freshness_is_measured_and_no_request_is_missed(stack: Stack) -> None:
    finished = stack.reduse("bench", "freshness", "--seconds", "5", "--json")
    found = json.loads(finished.stdout)
    assert found["unseen"] == 0
    assert 0 < found["p50_s"] <= found["p99_s"]
    assert found["samples"] > 0
