"""A Kafka that the stack does not start: what the parts are told of it, and what of it will not do."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from reduse.errors import SettingError
from reduse.settings.stack import Settings, load_settings
from reduse.stack import requirements, security
from reduse.stack.installation import Installation
from reduse.stack.kafka import elsewhere, elsewhere_topics
from tests.collector.configuration import AGENT_KAFKA, read

BROKERS = "kafka-1.example:9093,kafka-2.example:9093"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ca.pem").write_text("-")
    (tmp_path / "password").write_text("open: sesame\n")
    monkeypatch.setenv("REDUSE_KAFKA_BROKERS", BROKERS)
    return Settings(state_dir=tmp_path / "state", cache_dir=None, kafka=True)


def secured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("TLS_CA_FILE", "ca.pem"),
        ("USER", "reduse"),
        ("PASSWORD_FILE", "password"),
        ("SASL_MECHANISM", "SCRAM-SHA-512"),
    ):
        monkeypatch.setenv(f"REDUSE_KAFKA_{name}", value)


def test_no_broker_is_started_and_nothing_is_needed_for_one(settings: Settings) -> None:
    assert not settings.starts_kafka
    assert "maven" not in requirements.required(Installation.of(settings))
    assert security.kafka_brokers(settings) == BROKERS


def test_parts_are_told_brokers_alone_where_nothing_secures_them(settings: Settings, tmp_path: Path) -> None:
    told = security.kafka_environment("agent", settings, tmp_path)
    assert told["REDUSE_KAFKA_BROKERS"] == BROKERS
    assert told.keys() == {f"REDUSE_KAFKA_{name}" for name in ("BROKERS", "EXPORTS_TOPIC", "METRICS_TOPIC", "GROUP")}
    assert security.collector_files("agent", settings) == ["agent.yaml", "agent-kafka.yaml"]
    assert security.kafka_client(settings)["security.protocol"] == "PLAINTEXT"


def test_with_an_authority_and_a_user_all_are_told_them_in_full(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secured(monkeypatch)
    told = security.kafka_environment("gateway", settings, Path("secrets"))
    assert told["REDUSE_KAFKA_TLS_CA_FILE"] == str(tmp_path / "ca.pem")
    assert told["REDUSE_KAFKA_USER"] == "reduse"
    assert told["REDUSE_KAFKA_SASL_MECHANISM"] == "SCRAM-SHA-512"
    elsewhere.write_password(settings)
    # Without the end of its line.
    assert (settings.state_dir / told["REDUSE_KAFKA_PASSWORD_FILE"]).read_text() == "open: sesame"
    assert security.collector_files("gateway", settings)[-2:] == ["gateway-kafka-tls.yaml", "gateway-kafka-sasl.yaml"]
    client = security.kafka_client(settings)
    assert (client["security.protocol"], client["sasl.password"]) == ("SASL_SSL", "open: sesame")
    assert client["bootstrap.servers"] == BROKERS


def test_with_security_on_the_way_to_it_has_to_be_secure(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    secure = settings.model_copy(update={"security": True})
    with pytest.raises(SettingError, match="would be plain text: set REDUSE_KAFKA_TLS_CA_FILE"):
        elsewhere.client(secure)
    secured(monkeypatch)
    assert elsewhere.client(secure)["security.protocol"] == "SASL_SSL"
    # Its own layer for Kafka is for the broker that the stack starts.
    assert "agent-kafka-secure.yaml" not in security.collector_files("agent", secure)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"KAFKA_BROKERS": "kafka"}, "REDUSE_KAFKA_BROKERS='kafka'"),
        ({"KAFKA_WORKERS": "0"}, "REDUSE_KAFKA_WORKERS='0'"),
        ({"KAFKA_WORKERS": "65"}, "REDUSE_KAFKA_WORKERS='65'"),
        ({"KAFKA_WORKERS": "9"}, "REDUSE_KAFKA_WORKERS=9 is more than REDUSE_KAFKA_PARTITIONS=8"),
        ({"KAFKA_WORKERS": "3", "PROCESSOR_METRICS_PORT": "65534"}, "no port for the last worker"),
        (
            {"KAFKA_WORKERS": "3", "PROMETHEUS_PORT": "9466"},
            r"REDUSE_PROCESSOR_METRICS_PORT \(worker 3 has it plus 2\)=9466 is also REDUSE_PROMETHEUS_PORT",
        ),
    ],
)
def test_a_wrong_setting_is_one_line(
    monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str], message: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"REDUSE_{name}", value)
    with pytest.raises(SettingError, match=message):
        load_settings()


def test_a_password_without_a_user_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDUSE_KAFKA_PASSWORD_FILE", "password")
    with pytest.raises(SettingError, match="REDUSE_KAFKA_USER and REDUSE_KAFKA_PASSWORD_FILE go together"):
        elsewhere.client(settings)


def test_what_says_how_it_is_reached_is_for_nothing_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere.check_idle()
    monkeypatch.setenv("REDUSE_KAFKA_TLS_CA_FILE", "ca.pem")
    with pytest.raises(SettingError, match=r"REDUSE_KAFKA_TLS_CA_FILE is for a Kafka .* REDUSE_KAFKA_BROKERS"):
        elsewhere.check_idle()


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"message.timestamp.type": "CreateTime"}, "message.timestamp.type=LogAppendTime"),
        ({"max.message.bytes": "1048588"}, "max.message.bytes=5000000"),
    ],
)
def test_a_topic_that_would_lose_something_is_told_with_the_cure(found: Mapping[str, str], message: str) -> None:
    with pytest.raises(SettingError, match=rf"^the topic t of REDUSE_KAFKA_EXPORTS_TOPIC .*{message}"):
        elsewhere_topics.check_configuration("t", found)


def test_what_may_not_be_known_is_left_to_the_workers() -> None:
    elsewhere_topics.check_configuration("t", {})


def test_messages_are_as_large_as_the_agents() -> None:
    producer = read(AGENT_KAFKA)["exporters"]["kafka"]["producer"]
    assert producer["max_message_bytes"] == elsewhere_topics.MESSAGE_BYTES


def test_more_workers_than_partitions_are_told() -> None:
    elsewhere_topics.check_workers(4, "t", 4)
    with pytest.raises(SettingError, match="REDUSE_KAFKA_WORKERS=5, and the topic t has 4 partitions"):
        elsewhere_topics.check_workers(5, "t", 4)
