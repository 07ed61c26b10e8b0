"""Queues are told apart by virtual host and by what they are for; what the broker does not know is no number."""

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from pika.adapters.blocking_connection import BlockingChannel

from tests.collector.scraping import Scraping, scraping, values
from tests.ports import free_port
from tests.rabbitmq import RabbitMQ, start_rabbitmq
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.server

PASSWORD = "of-the-agent-in-a-test"
USERS = dict.fromkeys(("shop_api", "crm_api", "mes_api", "monitoring"), PASSWORD)
STATISTICS = "collect_statistics_interval = 1000"
NOTHING = {"configure": "^$", "write": "^$", "read": "^$"}
ALL = {"configure": ".*", "write": ".*", "read": ".*"}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    folder = tmp_path_factory.mktemp("rabbitmq")
    with start_rabbitmq(folder, free_port(), free_port(), USERS, STATISTICS) as broker:
        yield broker


@pytest.fixture
def vhost(broker: RabbitMQ, request: pytest.FixtureRequest) -> Iterator[str]:
    """A virtual host of the test's own, which the agent may see."""
    name = str(request.node.name)
    broker.put(f"/api/vhosts/{name}")
    broker.put(f"/api/permissions/{name}/administrator", ALL)
    broker.put(f"/api/permissions/{name}/monitoring", NOTHING)
    yield name
    broker.delete(f"/api/vhosts/{name}")


def settings(broker: RabbitMQ) -> dict[str, object]:
    return {"endpoint": f"http://127.0.0.1:{broker.management_port}", "password": PASSWORD}


def queue(broker: RabbitMQ, vhost: str, name: str, **arguments: object) -> None:
    written = {f"x-{key.replace('_', '-')}": value for key, value in arguments.items()}
    broker.put(f"/api/queues/{quote(vhost, safe='')}/{quote(name)}", {"durable": True, "arguments": written})


def publish(channel: BlockingChannel, name: str, number: int) -> None:
    for _ in range(number):
        channel.basic_publish("", name, b"letter", mandatory=True)


def messages(seen: Scraping, vhost: str, role: str | None = None) -> dict[str, float]:
    """Ready ones by queue. Attributes in the order of their names: queue, role, virtual host, state."""
    return {
        name: value
        for (name, of, host, state), value in seen.values("rabbitmq.message.current").items()
        if host == vhost and state == "ready" and role in (None, of)
    }


def test_a_queue_of_the_same_name_in_another_virtual_host_is_another(
    otelcol: Path, tmp_path: Path, broker: RabbitMQ, vhost: str
) -> None:
    queue(broker, vhost, "mes.orders")
    with (
        broker.channel() as here,
        broker.channel(vhost=vhost) as there,
        scraping(otelcol, tmp_path, "rabbitmq/rabbitmq", **settings(broker)) as seen,
    ):
        here.basic_consume("mes.orders", lambda *_: None)
        publish(there, "mes.orders", 5)
        consumers = {
            ("crm.job-status", "work", "/"): 0,
            ("dead-letters", "dead_letter", "/"): 0,
            ("mes.orders", "work", "/"): 1,
            ("mes.orders", "work", vhost): 0,
        }
        seen.wait_for("rabbitmq.consumer.count", consumers)
        assert messages(seen, vhost) == {"mes.orders": 5}
        points = seen.newest()
        assert {(each.service, each.instance) for each in points} == {
            ("rabbitmq", f"127.0.0.1:{broker.management_port}")
        }
        assert values(points, "reduse.rabbitmq.up") == {(): 1}
        assert set(values(points, "reduse.rabbitmq.readable").values()) == {1}
        for name in ("disk_free", "disk_free_limit", "mem_used", "mem_limit", "fd_used", "fd_total"):
            assert all(value > 0 for value in values(points, f"rabbitmq.node.{name}").values()), name
        for name in ("disk_free_alarm", "mem_alarm"):
            assert list(values(points, f"rabbitmq.node.{name}").values()) == [0], name


def test_dead_letters_are_found_by_what_feeds_them(otelcol: Path, tmp_path: Path, broker: RabbitMQ, vhost: str) -> None:
    """By argument and by policy, through the default exchange, a direct one and one behind another."""
    broker.put(f"/api/exchanges/{vhost}/failed", {"type": "direct", "durable": True})
    broker.put(f"/api/exchanges/{vhost}/archive", {"type": "fanout", "durable": True})
    queue(broker, vhost, "orders", dead_letter_exchange="", dead_letter_routing_key="order.dlq")
    queue(broker, vhost, "order.dlq")
    queue(broker, vhost, "jobs", queue_type="quorum")
    queue(broker, vhost, "not processed")
    queue(broker, vhost, "kept")
    broker.put(
        f"/api/policies/{vhost}/letters",
        {
            "pattern": "^jobs$",
            "apply-to": "queues",
            "definition": {"dead-letter-exchange": "failed", "dead-letter-routing-key": "job"},
        },
    )
    bind(broker, vhost, "failed/q/not%20processed", "job")
    bind(broker, vhost, "failed/e/archive", "job")
    bind(broker, vhost, "archive/q/kept", "")
    with (
        broker.channel(vhost=vhost) as channel,
        scraping(otelcol, tmp_path, "rabbitmq/rabbitmq", **settings(broker)) as seen,
    ):
        publish(channel, "orders", 5)
        publish(channel, "jobs", 5)
        for name in ("orders", "jobs"):
            reject(channel, name, 5)
        letters: dict[str, float] = {"order.dlq": 5, "not processed": 5, "kept": 5}
        wait_for_messages(seen, vhost, "dead_letter", letters)
        wait_for_messages(seen, vhost, "work", {"orders": 0, "jobs": 0})


def test_a_name_that_says_it_is_believed_where_no_exchange_does(
    otelcol: Path, tmp_path: Path, broker: RabbitMQ, vhost: str
) -> None:
    """Consumers may publish letters by themselves. `dead_letter_queues` says which names those are."""
    for name in ("order.dlq", "orders_dead_letter", "parking"):
        queue(broker, vhost, name)
    with (
        broker.channel(vhost=vhost) as channel,
        scraping(otelcol, tmp_path, "rabbitmq/rabbitmq", **settings(broker)) as seen,
    ):
        publish(channel, "order.dlq", 5)
        publish(channel, "orders_dead_letter", 5)
        wait_for_messages(seen, vhost, "dead_letter", {"order.dlq": 5, "orders_dead_letter": 5})
        wait_for_messages(seen, vhost, "work", {"parking": 0})
    own = {"dead_letter_queues": ["^parking$"]}
    with scraping(otelcol, tmp_path, "rabbitmq/rabbitmq", **settings(broker), **own) as seen:
        wait_for_messages(seen, vhost, "dead_letter", {"parking": 0})


def test_what_holds_messages_for_later_is_no_dead_letter_queue_and_needs_no_consumer(
    otelcol: Path, tmp_path: Path, broker: RabbitMQ, vhost: str
) -> None:
    queue(broker, vhost, "orders", dead_letter_exchange="", dead_letter_routing_key="held")
    queue(broker, vhost, "held", dead_letter_exchange="", dead_letter_routing_key="orders", message_ttl=60_000)
    queue(broker, vhost, "events", queue_type="stream")
    with (
        broker.channel(vhost=vhost) as channel,
        scraping(otelcol, tmp_path, "rabbitmq/rabbitmq", **settings(broker)) as seen,
    ):
        publish(channel, "orders", 3)
        reject(channel, "orders", 3)
        wait_for_messages(seen, vhost, "retry", {"held": 3})
        wait_for_messages(seen, vhost, "work", {"orders": 0})
        wait_for_messages(seen, vhost, "stream", {"events": 0})


def test_work_that_needs_no_consumer_is_named(otelcol: Path, tmp_path: Path, broker: RabbitMQ, vhost: str) -> None:
    for name in ("orders", "nightly"):
        queue(broker, vhost, name)
    own = {"consumerless_queues": ["^night"], "vhosts": [vhost]}
    with (
        broker.channel(vhost=vhost) as channel,
        scraping(otelcol, tmp_path, "rabbitmq/rabbitmq", **settings(broker), **own) as seen,
    ):
        publish(channel, "nightly", 2)
        wait_for_messages(seen, vhost, "consumerless", {"nightly": 2})
        wait_for_messages(seen, vhost, "work", {"orders": 0})
        # And the virtual host is the only one that is told of.
        assert messages(seen, "/") == {}
        assert seen.values("reduse.rabbitmq.vhost.readable") == {(vhost,): 1}


def test_exclusive_queues_are_one_series(otelcol: Path, tmp_path: Path, broker: RabbitMQ, vhost: str) -> None:
    """Their names never come again."""
    with (
        broker.channel(vhost=vhost) as channel,
        scraping(otelcol, tmp_path, "rabbitmq/rabbitmq", **settings(broker)) as seen,
    ):
        for _ in range(3):
            name = channel.queue_declare("", exclusive=True).method.queue
            publish(channel, name, 2)
        wait_for_messages(seen, vhost, "temporary", {"(exclusive queues)": 6})


def test_queues_beyond_the_bound_are_summed_and_counted(
    otelcol: Path, tmp_path: Path, broker: RabbitMQ, vhost: str
) -> None:
    for number in range(5):
        queue(broker, vhost, f"z{number}")
    with (
        broker.channel(vhost=vhost) as channel,
        scraping(otelcol, tmp_path, "rabbitmq/rabbitmq", **settings(broker), max_queues=5) as seen,
    ):
        for number in range(5):
            publish(channel, f"z{number}", number)
        # Three are those of `/`.
        wait_for_messages(seen, vhost, "work", {"z0": 0, "z1": 1, "(other queues)": 2 + 3 + 4})
        assert seen.values("reduse.rabbitmq.queues.summed") == {(): 3}


def test_the_series_of_a_deleted_queue_end(otelcol: Path, tmp_path: Path, broker: RabbitMQ, vhost: str) -> None:
    queue(broker, vhost, "leaving")
    with scraping(otelcol, tmp_path, "rabbitmq/rabbitmq", **settings(broker)) as seen:
        wait_for_messages(seen, vhost, "work", {"leaving": 0})
        broker.delete(f"/api/queues/{vhost}/leaving")
        wait_for_messages(seen, vhost, "work", {})
        assert ("leaving", "work", vhost) in seen.ended("rabbitmq.consumer.count")


def test_a_virtual_host_that_the_user_may_not_see_is_said(
    otelcol: Path, tmp_path: Path, broker: RabbitMQ, vhost: str
) -> None:
    queue(broker, vhost, "hidden")
    broker.delete(f"/api/permissions/{vhost}/monitoring")
    own = {"topology_interval": "1s"}
    with scraping(otelcol, tmp_path, "rabbitmq/rabbitmq", **settings(broker), **own) as seen:
        seen.wait_for("reduse.rabbitmq.vhost.readable", {("/",): 1, (vhost,): 0})
        assert messages(seen, vhost) == {}
        broker.put(f"/api/permissions/{vhost}/monitoring", NOTHING)
        seen.wait_for("reduse.rabbitmq.vhost.readable", {("/",): 1, (vhost,): 1})
        wait_for_messages(seen, vhost, "work", {"hidden": 0})


def bind(broker: RabbitMQ, vhost: str, path: str, key: str) -> None:
    broker.post(f"/api/bindings/{vhost}/e/{path}", {"routing_key": key})


def reject(channel: BlockingChannel, name: str, number: int) -> None:
    left, deadline = number, time.monotonic() + PATIENCE_SECONDS
    while left:
        method, _, _ = channel.basic_get(name)
        if method is not None:
            channel.basic_reject(method.delivery_tag, requeue=False)
            left -= 1
        assert time.monotonic() < deadline, f"{left} messages did not come from {name}"


def wait_for_messages(seen: Scraping, vhost: str, role: str, expected: dict[str, float]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while messages(seen, vhost, role) != expected:
        assert time.monotonic() < deadline, seen.values("rabbitmq.message.current")
        time.sleep(0.1)
