"""Each fault of a real RabbitMQ is found, with its reason and the cure."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from reduse.operation.watching import addresses, connecting, rabbitmq
from reduse.operation.watching.discovery import Found, of_broker
from reduse.operation.watching.finding import Finding, State, is_well
from reduse.operation.watching.lookup import Lookup
from reduse.operation.watching.writing import document
from reduse.watch.service import QueueRef
from reduse.watch.stores import Broker
from tests.ports import free_port
from tests.rabbitmq import RabbitMQ, start_rabbitmq
from tests.waiting import wait_until

pytestmark = pytest.mark.server

PASSWORD = "of-the-agent-in-a-test"
USERS = dict.fromkeys(("shop_api", "crm_api", "mes_api", "monitoring"), PASSWORD)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    """With a second virtual host, whose dead letters are known by a policy, and a queue in which messages wait."""
    folder = tmp_path_factory.mktemp("rabbitmq")
    with start_rabbitmq(folder, free_port(), free_port(), USERS) as broker:
        broker.put("/api/vhosts/second")
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        broker.put("/api/permissions/second/administrator", everything)
        broker.put("/api/permissions/second/monitoring", {"configure": "^$", "write": "^$", "read": "^$"})
        broker.put("/api/exchanges/second/failed", {"type": "topic"})
        for queue in ("invoices", "unpaid"):
            broker.put(f"/api/queues/second/{queue}", {})
        broker.put(
            "/api/policies/second/letters",
            {"pattern": "^invoices$", "definition": {"dead-letter-exchange": "failed"}, "apply-to": "queues"},
        )
        broker.post("/api/bindings/second/e/failed/q/unpaid", {"routing_key": "#"})
        broker.put(
            "/api/queues/second/later",
            {
                "arguments": {
                    "x-message-ttl": 60_000,
                    "x-dead-letter-exchange": "",
                    "x-dead-letter-routing-key": "invoices",
                }
            },
        )
        # Which policy a queue has is told with its statistics, of which the first may be from before the policy.
        named = {"name": "invoices", "policy": "letters"}
        listed = "/api/queues/second?columns=name,policy"
        wait_until(lambda: named in broker.get(listed).json(), "the policy of a queue")
        yield broker


def found(broker: RabbitMQ | str, folder: Path, *queues: QueueRef, **changed: object) -> list[Finding]:
    (folder / "password").write_text(f"{changed.pop('password', PASSWORD)}\n")
    (folder / "password").chmod(0o600)
    url = broker if isinstance(broker, str) else f"http://{broker.host}:{broker.management_port}"
    entry = {"name": "broker", "management_url": url, "password_file": "password", **changed}
    return list(rabbitmq.check(Broker.model_validate(entry), queues, Lookup(folder, {})))


def missing(findings: list[Finding]) -> tuple[str, str, str]:
    """Reason, what is told and the cure of the one thing that is missing."""
    (finding,) = [each for each in findings if each.state is State.MISSING]
    assert PASSWORD not in str(findings)
    return finding.reason, finding.told, finding.cure


def test_a_user_with_its_rights_is_well_and_dead_letters_are_listed(broker: RabbitMQ, tmp_path: Path) -> None:
    findings = found(broker, tmp_path, QueueRef(broker="broker", queue="mes.orders"))
    assert is_well(findings)
    assert [finding.told for finding in findings if finding.state is State.NOTE] == [
        "dead letters are in dead-letters, unpaid (second)"
    ]
    assert findings[-1].state is State.OK


def test_a_first_file_lists_vhosts_queues_and_dead_letters(broker: RabbitMQ, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "broker").write_text(PASSWORD)
    (tmp_path / "secrets" / "broker").chmod(0o600)
    entry = addresses.broker(f"broker=http://{broker.host}:{broker.management_port}", ())
    found_there = of_broker(entry, Lookup(tmp_path, {}))
    assert (list(found_there.vhosts), list(found_there.missing)) == (["/", "second"], [])
    text = document(Found("x", brokers=[found_there]), "schema")
    assert "# {broker: broker, queue: mes.orders}" in text
    assert "# {broker: broker, queue: invoices, vhost: second}" in text
    assert "# Dead letters are in [dead-letters, unpaid (second)]" in text


def test_a_wrong_password_is_said(broker: RabbitMQ, tmp_path: Path) -> None:
    reason, told, _ = missing(found(broker, tmp_path, password="wrong"))
    assert (reason, told) == ("authentication", "the password of user monitoring is wrong, or there is no such user")


def test_a_user_without_a_tag_is_said(broker: RabbitMQ, tmp_path: Path) -> None:
    reason, _, cure = missing(found(broker, tmp_path, username="shop_api"))
    assert (reason, cure) == ("permission", "`rabbitmqctl set_user_tags shop_api monitoring`")


def test_a_user_who_sees_only_its_own_is_said(broker: RabbitMQ, tmp_path: Path) -> None:
    broker.put("/api/users/manager", {"password": PASSWORD, "tags": "management"})
    broker.put("/api/permissions/second/manager", {"configure": "^$", "write": "^$", "read": "^$"})
    reason, told, cure = missing(found(broker, tmp_path, username="manager"))
    assert (reason, cure) == ("permission", "`rabbitmqctl set_user_tags manager monitoring`")
    assert "does not have the tag monitoring" in told


def test_a_vhost_that_cannot_be_seen_is_said(broker: RabbitMQ, tmp_path: Path) -> None:
    broker.put("/api/vhosts/third")
    try:
        reason, told, cure = missing(found(broker, tmp_path))
        assert (reason, told) == ("permission", "user monitoring has no access to the virtual host third")
        assert "rabbitmqctl set_permissions -p third monitoring" in cure
        # Who lists others does not care.
        assert is_well(found(broker, tmp_path, vhosts=["/", "second"]))
    finally:
        broker.delete("/api/vhosts/third")


def test_a_vhost_that_is_not_there_is_said(broker: RabbitMQ, tmp_path: Path) -> None:
    _, told, cure = missing(found(broker, tmp_path, vhosts=["/", "secnd"]))
    assert (told, cure) == ("the virtual host secnd does not exist there", "did you mean second?")


@pytest.mark.parametrize(
    ("queue", "vhost", "cure"),
    [
        ("mes.order", "/", "did you mean mes.orders?"),
        ("invoices", "/", "it is in second: give `vhost`"),
        ("nothing-like-it", "/", "start the service that declares it, or take it out of `consumes`"),
    ],
)
def test_a_queue_that_a_service_consumes_and_is_not_there_is_said(
    broker: RabbitMQ, tmp_path: Path, queue: str, vhost: str, cure: str
) -> None:
    found_cure = missing(found(broker, tmp_path, QueueRef(broker="broker", queue=queue, vhost=vhost)))[2]
    assert found_cure == cure


def test_a_pattern_that_matches_nothing_is_noted(broker: RabbitMQ, tmp_path: Path) -> None:
    findings = found(broker, tmp_path, retry_queues=["^later$", "^never$"])
    assert is_well(findings)
    assert "no queue matches ^never$ of `retry_queues`" in [finding.told for finding in findings]


def test_another_server_at_the_address_is_said(broker: RabbitMQ, tmp_path: Path) -> None:
    url = f"http://{broker.host}:{broker.management_port}"
    assert missing(found(f"{url}/elsewhere", tmp_path))[0] == "refused"
    assert missing(found(f"http://{broker.host}:{broker.port}", tmp_path))[0] == "unreachable"


def test_no_tls_there_is_said(broker: RabbitMQ, tmp_path: Path) -> None:
    assert missing(found(f"https://{broker.host}:{broker.management_port}", tmp_path))[0] == "tls"


def test_nobody_there_is_unreachable(tmp_path: Path) -> None:
    reason, _, cure = missing(found(f"http://127.0.0.1:{free_port()}", tmp_path))
    assert reason == "unreachable"
    assert "rabbitmq-plugins enable rabbitmq_management" in cure


def test_no_answer_is_a_timeout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "TIMEOUT_SECONDS", 0.3)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        assert missing(found(f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path))[0] == "timeout"


def test_statistics_that_are_off_are_said(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    folder = tmp_path_factory.mktemp("silent")
    configuration = "management_agent.disable_metrics_collector = true"
    with start_rabbitmq(folder, free_port(), free_port(), USERS, configuration) as silent:
        reason, told, cure = missing(found(silent, tmp_path))
        letters = [each.told for each in found(silent, tmp_path) if each.state is State.NOTE]
    assert reason == "statistics_disabled"
    assert "consumers" in told
    assert "management_agent.disable_metrics_collector" in cure
    assert letters == ["dead letters are in dead-letters"]
