"""What follows from the settings: nothing without Kafka, and with it the layers, addresses and bounds of each part."""

from pathlib import Path

import pytest

from reduse.errors import SettingError
from reduse.settings.stack import Settings, load_settings
from reduse.stack import requirements, security
from reduse.stack.kafka import server, topics


def settings(tmp_path: Path, **given: object) -> Settings:
    return Settings.model_validate({"state_dir": tmp_path, "cache_dir": None, **given})


def test_without_it_nothing_is_as_with_it(tmp_path: Path) -> None:
    off = settings(tmp_path)
    assert security.collector_files("agent", off) == ["agent.yaml"]
    assert security.kafka_environment("agent", off, tmp_path) == {}


@pytest.mark.parametrize("name", ["agent", "gateway"])
def test_its_layers_come_last(tmp_path: Path, name: str) -> None:
    assert security.collector_files(name, settings(tmp_path, kafka=True, security=True)) == [
        f"{name}.yaml",
        f"{name}-secure.yaml",
        f"{name}-kafka.yaml",
        f"{name}-kafka-secure.yaml",
    ]


def test_a_part_is_told_brokers_topics_and_group_and_its_user_where_there_are_any(tmp_path: Path) -> None:
    plain = security.kafka_environment("agent", settings(tmp_path, kafka=True, kafka_port=19092), tmp_path)
    assert plain == {
        "REDUSE_KAFKA_BROKERS": "127.0.0.1:19092",
        "REDUSE_KAFKA_EXPORTS_TOPIC": "reduse.exports",
        "REDUSE_KAFKA_METRICS_TOPIC": "reduse.metrics",
        "REDUSE_KAFKA_GROUP": "reduse",
    }
    secure = security.kafka_environment("agent", settings(tmp_path, kafka=True, security=True), tmp_path)
    assert secure["REDUSE_KAFKA_USER"] == "agent"
    assert secure["REDUSE_KAFKA_PASSWORD_FILE"] == str(tmp_path / "kafka_agent")


def test_an_identity_of_a_cluster_is_never_taken_for_an_option() -> None:
    bytes_of_two = iter([b"\xfb" + bytes(15), b"\xff" + bytes(15)])
    assert server.new_cluster(lambda _: next(bytes_of_two)) == "_wAAAAAAQACAAAAAAAAAAA"


def test_every_listener_is_on_this_machine(tmp_path: Path) -> None:
    listeners = server.configuration(settings(tmp_path, kafka=True))["listeners"].split(",")
    assert listeners == ["CLIENTS://127.0.0.1:9092", "CONTROLLER://127.0.0.1:9091"]


@pytest.mark.parametrize(("kept", "partitions"), [(2**26, 1024), (8 * 2**30, 8), (2**50, 1)])
def test_a_segment_is_a_small_part_of_what_is_kept_where_it_can_be(tmp_path: Path, kept: int, partitions: int) -> None:
    found = topics.configuration(settings(tmp_path, kafka_retention_bytes=kept, kafka_partitions=partitions))
    segment = int(found["segment.bytes"])
    # No less is taken by Kafka.
    assert segment >= 2**20
    assert segment == 2**20 or segment * 8 <= int(found["retention.bytes"])
    assert int(found["retention.bytes"]) * partitions <= kept


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDUSE_KAFKA", "perhaps"),
        ("REDUSE_KAFKA_EXPORTS_TOPIC", "no topic"),
        ("REDUSE_KAFKA_GROUP", "."),
        ("REDUSE_KAFKA_PARTITIONS", "0"),
        ("REDUSE_KAFKA_HEAP_MIB", "64"),
        ("REDUSE_KAFKA_RETENTION", "for ever"),
        ("REDUSE_KAFKA_RETENTION_BYTES", "1"),
    ],
)
def test_a_wrong_setting_is_one_line(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match=rf"^{name}='{value}': [^\n]+$"):
        load_settings()


@pytest.mark.parametrize(
    ("output", "message"), [("", "does not run as Java"), ('openjdk version "11.0.2"', "is Java 11")]
)
def test_a_java_that_will_not_do_is_one_line(tmp_path: Path, output: str, message: str) -> None:
    java = tmp_path / "java"
    java.write_text(f"#!/bin/sh\necho '{output}' >&2\n")
    java.chmod(0o755)
    with pytest.raises(SettingError, match=rf"{message}.*REDUSE_JAVA_PROGRAM"):
        server.check_java(settings(tmp_path, java_program=java))


def test_maven_is_needed_until_the_jars_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reduse.stack.kafka.jars.find", lambda _settings: None)
    assert requirements.of_kafka(settings(tmp_path)).keys() == {"openjdk-17-jre-headless", "maven"}
    monkeypatch.setattr("reduse.stack.kafka.jars.find", lambda _settings: tmp_path)
    assert requirements.of_kafka(settings(tmp_path)).keys() == {"openjdk-17-jre-headless"}
