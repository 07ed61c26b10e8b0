"""Workers on Kafka under Kubernetes: their settings, how they end, and what is to be in Kafka for them."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from reduse.processor.kafka import settings
from reduse.processor.kafka.checkpoints import LEAVE_SECONDS
from reduse.settings.stack import Settings
from reduse.stack.kafka.topics import configuration
from tests.deploy.manifests import COMPONENT, FOLDER, KAFKA, Object, documents
from tests.deploy.test_kubernetes import KUBERNETES, OF_KAFKA

EXAMPLES = COMPONENT / "example"
STRIMZI = documents(EXAMPLES / "strimzi.yaml")
SCALED_OBJECT, TRIGGER_AUTHENTICATION = documents(EXAMPLES / "keda.yaml")
[AUTOSCALER] = documents(EXAMPLES / "horizontal-pod-autoscaler.yaml")
[ADAPTER] = documents(EXAMPLES / "prometheus-adapter.yaml")
VALUES = KAFKA.configuration_values["reduse-kafka"]
GUIDE = (FOLDER.parents[1] / "docs" / "deploy" / "kubernetes-kafka.md").read_text(encoding="utf-8")
WORKER = KAFKA.workloads["reduse-worker"]
SCALER = "reduse-scaler"


def users() -> dict[str, Object]:
    return {each["metadata"]["name"]: each["spec"] for each in STRIMZI if each["kind"] == "KafkaUser"}


def topics() -> dict[str, Object]:
    return {each["metadata"]["name"]: each["spec"] for each in STRIMZI if each["kind"] == "KafkaTopic"}


def defaults() -> dict[str, str]:
    return {
        settings.PREFIX + name.upper(): str(each.default) for name, each in settings.KafkaSettings.model_fields.items()
    }


def test_a_worker_takes_the_settings_that_its_pod_gets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OF_KAFKA["reduse-kafka-worker"]:
        (tmp_path / name).write_text("something\n")
    given = {name: value.replace("/etc/reduse-kafka", str(tmp_path)) for name, value in WORKER.environment.items()}
    ours = {name: value for name, value in given.items() if name != "NUMBA_CACHE_DIR"}
    assert ours.keys() == given.keys() - {"NUMBA_CACHE_DIR"}
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    kafka, own = settings.load(ours)
    assert settings.connection(kafka, own)["security.protocol"] == "SASL_SSL"
    assert kafka.sasl_mechanism == VALUES["REDUSE_KAFKA_SASL_MECHANISM"]
    assert (own.metrics_host, own.metrics_port) == ("0.0.0.0", WORKER.ports["metrics"])  # noqa: S104


def test_what_is_compiled_can_be_written_somewhere() -> None:
    folder = Path(WORKER.environment["NUMBA_CACHE_DIR"])
    assert "emptyDir" in WORKER.mounts[str(folder.parent)]


def test_a_worker_has_time_to_hand_its_partitions_back() -> None:
    """Snapshots, what is written, the commit, and what is written then: each waits for the broker."""
    assert WORKER.pod["terminationGracePeriodSeconds"] > 4 * LEAVE_SECONDS


def test_no_older_worker_runs_beside_a_newer_one() -> None:
    assert WORKER.object["spec"]["strategy"] == {"type": "Recreate"}


def test_a_worker_is_started_anew_when_it_is_dead_and_not_when_brokers_are_away() -> None:
    asked = {name: WORKER.container[name]["httpGet"]["path"] for name in WORKER.container if name.endswith("Probe")}
    assert asked == {"startupProbe": "/healthz", "readinessProbe": "/readyz", "livenessProbe": "/healthz"}


def test_the_topics_of_the_example_are_configured_as_natively() -> None:
    native = Settings()
    assert topics().keys() == {VALUES["REDUSE_KAFKA_EXPORTS_TOPIC"], VALUES["REDUSE_KAFKA_METRICS_TOPIC"]}
    for spec in topics().values():
        given = {name: str(value) for name, value in spec["config"].items()}
        assert given == configuration(native) | {"min.insync.replicas": "2"}
        assert spec["partitions"] == native.kafka_partitions
        assert int(given["min.insync.replicas"]) < spec["replicas"]
    assert WORKER.object["spec"]["replicas"] <= topics()["reduse.exports"]["partitions"]


def test_each_part_logs_in_as_a_user_that_there_is() -> None:
    named = {
        each.environment["REDUSE_KAFKA_USER"]
        for each in KAFKA.workloads.values()
        if "REDUSE_KAFKA_USER" in each.environment
    }
    assert users().keys() == {*named, SCALER}
    mechanism = VALUES["REDUSE_KAFKA_SASL_MECHANISM"].lower()
    assert [spec["authentication"]["type"] for spec in users().values()] == [mechanism] * len(users())


def test_rights_are_of_names_that_the_parts_use() -> None:
    known = defaults() | VALUES
    used = {value for name, value in known.items() if name.endswith("_TOPIC")}
    used.add(settings.KafkaSettings().joined_state_topic)
    groups = {VALUES["REDUSE_KAFKA_GROUP"], f"{VALUES['REDUSE_KAFKA_GROUP']}-gateway"}
    rights = [acl["resource"] for spec in users().values() for acl in spec["authorization"]["acls"]]
    assert {each["name"] for each in rights if each["type"] == "topic"} == used
    assert {each["name"] for each in rights if each["type"] == "group"} == groups
    assert {each["type"] for each in rights} == {"topic", "group"}
    assert {each["patternType"] for each in rights} == {"literal"}


def test_the_guide_says_how_to_make_the_secret_of_each_part() -> None:
    (parts, commands) = re.findall(r"for part in ([\w ]+); do\n(.*?)\ndone", GUIDE, re.DOTALL)[0]
    assert {f"reduse-kafka-{part}" for part in parts.split()} == OF_KAFKA.keys()
    (made,) = re.findall(r'create secret generic "reduse-kafka-\$part"(.*)', commands, re.DOTALL)
    assert set(re.findall(r"--from-file=([\w.]+)=", made)) == OF_KAFKA["reduse-kafka-agent"]


def behaviours() -> Mapping[str, Any]:
    return {
        "keda": SCALED_OBJECT["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"],
        "autoscaler": AUTOSCALER["spec"]["behavior"],
    }


def test_kubernetes_takes_the_autoscaler() -> None:
    kubernetes_validate.validate(AUTOSCALER, KUBERNETES, strict=True)


@pytest.mark.parametrize("scaled", [SCALED_OBJECT, AUTOSCALER], ids=lambda each: str(each["kind"]))
def test_there_are_never_more_workers_than_partitions(scaled: Object) -> None:
    spec = scaled["spec"]
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": WORKER.name}
    most = spec.get("maxReplicaCount", spec.get("maxReplicas"))
    assert most == topics()["reduse.exports"]["partitions"]
    assert 2 <= spec.get("minReplicaCount", spec.get("minReplicas")) < most
    assert scaled["metadata"]["namespace"] == WORKER.object["metadata"]["namespace"]


@pytest.mark.parametrize("way", ["keda", "autoscaler"])
def test_workers_are_taken_away_one_by_one_and_slowly(way: str) -> None:
    down, up = behaviours()[way]["scaleDown"], behaviours()[way]["scaleUp"]
    assert [policy["value"] for policy in down["policies"]] == [1]
    assert down["stabilizationWindowSeconds"] > up["stabilizationWindowSeconds"]


def test_both_ways_of_scaling_ask_for_the_same() -> None:
    assert behaviours()["keda"] == behaviours()["autoscaler"]
    processor, lag = SCALED_OBJECT["spec"]["triggers"]
    resource, external = AUTOSCALER["spec"]["metrics"]
    assert processor["metadata"]["value"] == resource["resource"]["target"]["averageValue"]
    assert lag["metadata"]["lagThreshold"] == external["external"]["target"]["averageValue"]


def test_the_lag_is_asked_of_the_topic_and_the_group_of_the_workers() -> None:
    lag = SCALED_OBJECT["spec"]["triggers"][1]
    asked = {name: lag["metadata"][name] for name in ("bootstrapServers", "topic", "consumerGroup")}
    assert list(asked.values()) == [VALUES[f"REDUSE_KAFKA_{name}"] for name in ("BROKERS", "EXPORTS_TOPIC", "GROUP")]
    assert lag["metadata"]["sasl"] == VALUES["REDUSE_KAFKA_SASL_MECHANISM"].lower().replace("-sha-", "_sha")
    assert lag["authenticationRef"]["name"] == TRIGGER_AUTHENTICATION["metadata"]["name"]


def test_the_scaler_logs_in_with_the_secret_that_the_guide_makes() -> None:
    references = TRIGGER_AUTHENTICATION["spec"]["secretTargetRef"]
    assert {each["parameter"] for each in references} == {"username", "password", "ca"}
    (secret,) = {each["name"] for each in references}
    (command,) = re.findall(rf"create secret generic {secret} (.*?)\n```", GUIDE, re.DOTALL)
    assert set(re.findall(r"--from-(?:file|literal)=([\w.]+)=", command)) == {each["key"] for each in references}
    assert f"--from-literal=username={SCALER} " in command


def test_the_adapter_tells_what_the_autoscaler_asks_for_and_workers_tell() -> None:
    [rule] = ADAPTER["externalRules"]
    [external] = [each["external"] for each in AUTOSCALER["spec"]["metrics"] if each["type"] == "External"]
    assert rule["name"]["as"] == external["metric"]["name"] == rule["seriesQuery"]
    assert rule["metricsQuery"].startswith(f"sum({rule['seriesQuery']}" + "{")
    # The exporter's name of it.
    source = (FOLDER.parents[1] / "otel/reduse/processor/kafka/instruments.py").read_text(encoding="utf-8")
    assert f'"{rule["seriesQuery"].replace("_", ".")}"' in source


def test_the_guide_says_which_line_asks_for_it() -> None:
    assert f"`components: [{COMPONENT.name}]`" in GUIDE
