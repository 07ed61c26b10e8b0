"""A broker that cannot be read, or only in part, says why, and gives no number that it does not know."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.collector.scraping import scraping
from tests.ports import free_port
from tests.rabbitmq import RabbitMQ, start_rabbitmq

pytestmark = pytest.mark.server

PASSWORD = "of-the-agent-in-a-test"
USERS = dict.fromkeys(("shop_api", "crm_api", "mes_api", "monitoring"), PASSWORD)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    """One that keeps no statistics."""
    configuration = "management_agent.disable_metrics_collector = true"
    folder = tmp_path_factory.mktemp("rabbitmq")
    with start_rabbitmq(folder, free_port(), free_port(), USERS, configuration) as broker:
        with broker.channel() as channel:
            for _ in range(7):
                channel.basic_publish("", "dead-letters", b"letter", mandatory=True)
        yield broker


def settings(broker: RabbitMQ) -> dict[str, object]:
    return {"endpoint": f"http://127.0.0.1:{broker.management_port}", "password": PASSWORD}


def test_without_statistics_letters_are_counted_and_what_is_missing_is_said(
    otelcol: Path, tmp_path: Path, broker: RabbitMQ
) -> None:
    """Messages it counts when it is asked to; consumers and nodes it does not know, which is not 0."""
    with scraping(otelcol, tmp_path, "rabbitmq/rabbitmq", **settings(broker)) as seen:
        seen.wait_for(
            "rabbitmq.message.current",
            {
                ("crm.job-status", "work", "/", "ready"): 0,
                ("crm.job-status", "work", "/", "unacknowledged"): 0,
                ("dead-letters", "dead_letter", "/", "ready"): 7,
                ("dead-letters", "dead_letter", "/", "unacknowledged"): 0,
                ("mes.orders", "work", "/", "ready"): 0,
                ("mes.orders", "work", "/", "unacknowledged"): 0,
            },
        )
        assert seen.values("reduse.rabbitmq.up") == {(): 1}
        assert seen.values("reduse.rabbitmq.readable") == {
            ("statistics", "statistics_disabled"): 0,
            ("topology",): 1,
        }
        names = {point.name for point in seen.newest()}
        assert not any(name.startswith(("rabbitmq.consumer", "rabbitmq.node")) for name in names)
        assert seen.log.count("disable_metrics_collector") == 1


@pytest.mark.parametrize(
    ("reason", "changed"),
    [
        ("authentication", {"password": "wrong"}),
        ("permission", {"username": "shop_api"}),
        ("too_large", {"max_response_bytes": 100}),
        ("tls", {"endpoint": "https://127.0.0.1:{port}"}),
        ("refused", {"endpoint": "http://127.0.0.1:{port}/elsewhere"}),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_refusal_has_its_reason(
    otelcol: Path, tmp_path: Path, broker: RabbitMQ, reason: str, changed: dict[str, object]
) -> None:
    changed = {
        name: value.format(port=broker.management_port) if isinstance(value, str) else value
        for name, value in changed.items()
    }
    with scraping(otelcol, tmp_path, "rabbitmq/rabbitmq", **(settings(broker) | changed)) as seen:
        seen.wait_for("reduse.rabbitmq.up", {(reason,): 0})
        assert {point.name for point in seen.next()} == {"reduse.rabbitmq.up"}
        assert seen.log.count("reading queues of rabbitmq") == 1
        assert PASSWORD not in seen.log


def test_nobody_there_is_unreachable(otelcol: Path, tmp_path: Path) -> None:
    with scraping(
        otelcol, tmp_path, "rabbitmq/rabbitmq", endpoint=f"http://127.0.0.1:{free_port()}", password="x"
    ) as seen:
        seen.wait_for("reduse.rabbitmq.up", {("unreachable",): 0})


def test_no_answer_is_a_timeout(otelcol: Path, tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with scraping(otelcol, tmp_path, "rabbitmq/rabbitmq", endpoint=endpoint, password="x", timeout="500ms") as seen:
            seen.wait_for("reduse.rabbitmq.up", {("timeout",): 0})
