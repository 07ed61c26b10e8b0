"""Topics in a Kafka that the stack does not start, on a real one: made, let alone, or told with setting and cure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ConfigResource,
    ResourcePatternType,
    ResourceType,
)

from reduse.errors import SettingError, StackError
from reduse.operation.access import AUTHORITY
from reduse.settings.stack import Settings
from reduse.stack import security
from reduse.stack.kafka import elsewhere, elsewhere_topics, server
from tests import kafka
from tests.ports import free_port
from tests.waiting import wait_until

pytestmark = pytest.mark.server

ANSWER_SECONDS = 20


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kafka.Broker]:
    """By TLS, with users; who is not its own has the rights that it is given."""
    made = kafka.Broker(tmp_path_factory.mktemp("kafka"), secure=True)
    properties = server.directory(made.settings) / server.PROPERTIES
    with properties.open("a", encoding="latin-1") as file:
        file.write("authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n")
        # The controller's listener knows no user but the certificate's.
        file.write(f"super.users=User:{security.KAFKA_BROKER};User:CN=kafka\n")
    try:
        made.start()
        yield made
    finally:
        made.kill()


@pytest.fixture
def settings(broker: kafka.Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a stack that is the user `agent` there, with topics of its own name."""
    certificates = broker.settings.certificates_dir
    for name, value in (
        ("BROKERS", broker.address),
        ("TLS_CA_FILE", certificates / AUTHORITY),
        ("TLS_CERT_FILE", certificates / "agent.crt"),
        ("TLS_KEY_FILE", certificates / "agent.key"),
        ("USER", "agent"),
        ("STATE_TOPIC", f"{tmp_path.name}.state"),
        ("QUARANTINE_TOPIC", f"{tmp_path.name}.quarantine"),
        ("PASSWORD_FILE", broker.settings.secrets_dir / security.kafka_password("agent")),
    ):
        monkeypatch.setenv(f"REDUSE_KAFKA_{name}", str(value))
    return Settings(
        state_dir=tmp_path,
        cache_dir=None,
        kafka=True,
        kafka_partitions=3,
        kafka_exports_topic=f"{tmp_path.name}.exports",
        kafka_metrics_topic=f"{tmp_path.name}.metrics",
        kafka_group=tmp_path.name,
    )


def allow(broker: kafka.Broker, kind: ResourceType, name: str, *operations: AclOperation) -> None:
    """Give the user these rights, and return when the broker knows of them."""
    admin = AdminClient(broker.client())
    for operation in operations:
        right = (kind, name, ResourcePatternType.LITERAL, "User:agent", "*", operation, AclPermissionType.ALLOW)
        [made] = admin.create_acls([AclBinding(*right)]).values()
        made.result(ANSWER_SECONDS)
        wait_until(
            lambda r=right: bool(admin.describe_acls(AclBindingFilter(*r)).result(ANSWER_SECONDS)),  # type: ignore[misc]
            "the right",
        )


def allow_all(broker: kafka.Broker, settings: Settings) -> None:
    for use, topic in elsewhere.topics_of_workers().items():
        if use not in ("exports", "metrics"):
            allow(broker, ResourceType.TOPIC, topic, AclOperation.CREATE)
    for topic in (settings.kafka_exports_topic, settings.kafka_metrics_topic):
        allow(broker, ResourceType.TOPIC, topic, AclOperation.ALL)
    for group in (settings.kafka_group, f"{settings.kafka_group}-gateway"):
        allow(broker, ResourceType.GROUP, group, AclOperation.READ)


def ensure(settings: Settings) -> None:
    elsewhere_topics.ensure(settings, elsewhere.client(settings))


def test_missing_topics_are_made_and_let_alone_afterwards(broker: kafka.Broker, settings: Settings) -> None:
    allow_all(broker, settings)
    ensure(settings)
    client = AdminClient(broker.client())
    there = client.list_topics(timeout=ANSWER_SECONDS).topics
    for topic in (settings.kafka_exports_topic, settings.kafka_metrics_topic):
        assert len(there[topic].partitions) == 3
    resource = ConfigResource(ResourceType.TOPIC, settings.kafka_exports_topic)
    found = client.describe_configs([resource])[resource].result(ANSWER_SECONDS)
    assert found["message.timestamp.type"].value == "LogAppendTime"
    # What they are is their owner's business from then on.
    ensure(settings.model_copy(update={"kafka_partitions": 8, "kafka_retention": "2d"}))
    again = client.describe_configs([resource])[resource].result(ANSWER_SECONDS)
    assert again["retention.ms"].value == found["retention.ms"].value


def test_more_workers_than_its_partitions_are_told(broker: kafka.Broker, settings: Settings) -> None:
    allow_all(broker, settings)
    ensure(settings)
    with pytest.raises(SettingError, match=r"REDUSE_KAFKA_WORKERS=4, and the topic \S+ has 3 partitions"):
        ensure(settings.model_copy(update={"kafka_workers": 4}))


def test_a_topic_that_keeps_its_senders_times_is_told(broker: kafka.Broker, settings: Settings) -> None:
    allow_all(broker, settings)
    broker.make(settings.kafka_exports_topic, 3, {"message.timestamp.type": "CreateTime"})
    with pytest.raises(SettingError, match=r"REDUSE_KAFKA_EXPORTS_TOPIC.*message.timestamp.type=LogAppendTime"):
        ensure(settings)


def test_a_topic_that_takes_small_messages_only_is_told(broker: kafka.Broker, settings: Settings) -> None:
    allow_all(broker, settings)
    broker.make(
        settings.kafka_exports_topic, 3, {"message.timestamp.type": "LogAppendTime", "max.message.bytes": "1000000"}
    )
    with pytest.raises(SettingError, match=r"REDUSE_KAFKA_EXPORTS_TOPIC.*max.message.bytes=5000000 or more"):
        ensure(settings)


def test_who_may_not_make_a_topic_is_told_so(settings: Settings) -> None:
    with pytest.raises(SettingError, match=r"REDUSE_KAFKA_USER=agent sees no topic \S+\.exports and may not make it"):
        ensure(settings)


def test_who_may_only_read_is_told_so(broker: kafka.Broker, settings: Settings) -> None:
    allow(broker, ResourceType.TOPIC, settings.kafka_exports_topic, AclOperation.ALL)
    broker.make(settings.kafka_metrics_topic, 3)
    allow(broker, ResourceType.TOPIC, settings.kafka_metrics_topic, AclOperation.READ)
    with pytest.raises(SettingError, match=r"REDUSE_KAFKA_USER=agent lacks Write of the topic \S+\.metrics"):
        ensure(settings)


def test_who_may_not_make_the_workers_own_topics_is_told_so_and_none_is_made(
    broker: kafka.Broker, settings: Settings
) -> None:
    allow_all(broker, settings)
    ensure(settings)
    assert (
        f"{settings.kafka_group}.state" not in AdminClient(broker.client()).list_topics(timeout=ANSWER_SECONDS).topics
    )
    broker.make(f"{settings.kafka_group}.quarantine", 1)
    allow(broker, ResourceType.TOPIC, f"{settings.kafka_group}.quarantine", AclOperation.READ)
    with pytest.raises(SettingError, match=r"REDUSE_KAFKA_USER=agent lacks Write of the topic \S+\.quarantine"):
        ensure(settings)


def test_who_may_not_be_in_the_group_is_told_so(broker: kafka.Broker, settings: Settings) -> None:
    for topic in (settings.kafka_exports_topic, settings.kafka_metrics_topic):
        allow(broker, ResourceType.TOPIC, topic, AclOperation.ALL)
    for topic in elsewhere.topics_of_workers().values():
        allow(broker, ResourceType.TOPIC, topic, AclOperation.CREATE)
    allow(broker, ResourceType.GROUP, settings.kafka_group, AclOperation.READ)
    with pytest.raises(SettingError, match=r"REDUSE_KAFKA_USER=agent lacks Read of the group \S+-gateway: give it"):
        ensure(settings)


def test_a_wrong_password_is_told(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "password").write_text("wrong")
    monkeypatch.setenv("REDUSE_KAFKA_PASSWORD_FILE", str(tmp_path / "password"))
    with pytest.raises(
        SettingError, match=r"refuses the login of REDUSE_KAFKA_USER=agent .*REDUSE_KAFKA_PASSWORD_FILE"
    ):
        ensure(settings)


def test_another_authority_than_its_own_is_told(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: kafka.Broker
) -> None:
    monkeypatch.setenv("REDUSE_KAFKA_TLS_CA_FILE", str(broker.settings.certificates_dir / "agent.crt"))
    with pytest.raises(SettingError, match=r"TLS with Kafka failed.*REDUSE_KAFKA_TLS_CA_FILE"):
        ensure(settings)


def test_nobody_who_answers_is_told_with_the_setting(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"kafka_brokers": f"127.0.0.1:{free_port()}"})
    with pytest.raises(StackError, match=r"does not answer at REDUSE_KAFKA_BROKERS=127\.0\.0\.1.*unset REDUSE_KAFKA"):
        ensure(nowhere)
