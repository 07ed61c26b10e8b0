"""From a real broker through agent and gateway into a real Prometheus with the rules: rows 11 and 12, and alerts."""

import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from reduse.store.client import StoreClient
from tests.collector import servers
from tests.collector.configuration import PROMETHEUS, read
from tests.collector.running import Agent, environment
from tests.ports import free_port
from tests.rabbitmq import RabbitMQ, start_rabbitmq
from tests.reference import row
from tests.waiting import PATIENCE_SECONDS

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="no prometheus on PATH: install the package"),
]

PASSWORD = "secret0of0a0test"
USERS = dict.fromkeys(("shop_api", "crm_api", "mes_api", "monitoring"), PASSWORD)
SECONDS = PATIENCE_SECONDS


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RabbitMQ]:
    """Two virtual hosts with a queue of one name, of which one is consumed; two dead-letter queues in the second."""
    folder = tmp_path / "rabbitmq"
    folder.mkdir()
    with start_rabbitmq(folder, free_port(), free_port(), USERS, "collect_statistics_interval = 1000") as broker:
        for name in ("second", "hidden"):
            broker.put(f"/api/vhosts/{name}")
            broker.put(f"/api/permissions/{name}/administrator", {"configure": ".*", "write": ".*", "read": ".*"})
        broker.put("/api/permissions/second/monitoring", {"configure": "", "write": "", "read": ""})
        for name in ("mes.orders", "order.dlq", "orders_dead_letter"):
            broker.put(f"/api/queues/second/{name}", {"durable": True})
        with broker.channel() as consumed, broker.channel(vhost="second") as channel:
            consumed.basic_consume("mes.orders", lambda *_: None)
            for name in ("mes.orders", "order.dlq", "orders_dead_letter"):
                for _ in range(5):
                    channel.basic_publish("", name, b"message", mandatory=True)
            yield broker


@pytest.fixture
def prometheus(otelcol: Path, tmp_path: Path, broker: RabbitMQ) -> Iterator[StoreClient]:
    configuration = {
        "global": {"evaluation_interval": "1s"},
        "storage": read(PROMETHEUS)["storage"],
        "rule_files": [str(PROMETHEUS.parent / "rules" / "*.yaml")],
    }
    variables = environment(tmp_path) | {"BROKER_MANAGEMENT_URL": f"http://127.0.0.1:{broker.management_port}"}
    with (
        servers.prometheus(tmp_path, configuration) as prometheus,
        servers.gateway(otelcol, tmp_path, prometheus.url) as gateway,
        StoreClient(prometheus.url) as client,
    ):
        variables["REDUSE_GATEWAY_ENDPOINT"] = f"127.0.0.1:{gateway.port}"
        agent = Agent(otelcol, tmp_path, variables)
        try:
            agent.start()
            yield client
        finally:
            agent.kill()


def wait_for(prometheus: StoreClient, query: str, expected: Mapping[Any, float], *labels: str) -> None:
    """Return when a query has these values by the values of these labels."""
    deadline = time.monotonic() + SECONDS
    while (found := values(prometheus, query, labels)) != expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.5)


def values(prometheus: StoreClient, query: str, labels: tuple[str, ...]) -> dict[tuple[str, ...], float]:
    return {tuple(each.labels.get(label, "") for label in labels): each.value for each in prometheus.query(query)}


def test_the_rows_and_alerts_of_the_queue_are_right(prometheus: StoreClient) -> None:
    letters = {("/", "dead-letters"): 0.0, ("second", "order.dlq"): 5, ("second", "orders_dead_letter"): 5}
    wait_for(prometheus, row("rabbitmq.dead_letters").value, letters, "vhost", "queue")
    wait_for(prometheus, row("rabbitmq.messages_in_flight").value, {("ready",): 5, ("unacknowledged",): 0}, "state")
    instance = 'job="rabbitmq",vhost="second"'
    wait_for(prometheus, f"job_queue:rabbitmq_messages_ready:sum{{{instance}}}", {("mes.orders",): 5}, "queue")
    # Nobody consumes crm.job-status either.
    gone = {("/", "crm.job-status"): 1.0, ("second", "mes.orders"): 1}
    wait_for(prometheus, 'ALERTS{alertname="ConsumersGone",alertstate="firing"}', gone, "vhost", "queue")
    hidden = 'ALERTS{alertname="BrokerVhostUnreadable",alertstate="firing"}'
    wait_for(prometheus, hidden, {("hidden",): 1}, "vhost")
    wait_for(prometheus, "job_instance_reason:rabbitmq_up:min", {("",): 1}, "reason")
    # There is no database: that is said, and with the reason.
    away = {("mes-db", "unreachable"): 1.0, ("shop-db", "unreachable"): 1}
    unreadable = 'ALERTS{alertname="DatabaseUnreadable",alertstate="firing",severity="critical"}'
    wait_for(prometheus, unreadable, away, "job", "reason")
