"""The way of users' points into Kafka, and of derived metrics out of it."""

import time
from collections import defaultdict
from pathlib import Path

import pytest
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from reduse.errors import SettingError
from reduse.stack import security
from reduse.stack.kafka import topics
from reduse.store.client import StoreClient
from tests.collector import otlp, servers
from tests.collector.configuration import PROMETHEUS, read
from tests.collector.kafka.collectors import agent, gateway, send, services_of, shards
from tests.collector.pipeline import counted
from tests.kafka import PARTITIONS, Broker
from tests.ports import free_port
from tests.waiting import wait_until

pytestmark = pytest.mark.server

KEYS = [f"shop-api/{number}" for number in range(8)]
SECONDS = 30


def test_both_topics_are_there_with_their_settings(broker: Broker) -> None:
    settings = broker.settings
    client = AdminClient(broker.client())
    there = client.list_topics(timeout=SECONDS).topics
    for name in (settings.kafka_exports_topic, settings.kafka_metrics_topic):
        assert len(there[name].partitions) == PARTITIONS
        [future] = client.describe_configs([ConfigResource(ResourceType.TOPIC, name)]).values()
        found = future.result(SECONDS)
        wanted = topics.configuration(settings)
        assert {setting: found[setting].value for setting in wanted} == wanted


def test_what_is_kept_can_be_changed_and_the_partitions_cannot(broker: Broker) -> None:
    longer = broker.settings.model_copy(update={"kafka_retention": "2d"})
    client = AdminClient(broker.client())

    def kept() -> str:
        resource = ConfigResource(ResourceType.TOPIC, longer.kafka_exports_topic)
        [future] = client.describe_configs([resource]).values()
        return str(future.result(SECONDS)["retention.ms"].value)

    topics.ensure(longer, security.kafka_client(longer))
    # The controller has it; the broker hears of it a moment later.
    wait_until(lambda: kept() == str(2 * 86_400_000), "the new retention")
    with pytest.raises(SettingError, match=r"REDUSE_KAFKA_PARTITIONS=5, .* has 4.* Set it to 4"):
        topics.ensure(longer.model_copy(update={"kafka_partitions": 5}), security.kafka_client(longer))


def test_a_record_has_the_shard_of_its_export_or_its_service_as_key_and_its_partition_follows_from_the_key(
    broker: Broker, otelcol: Path, folder: Path
) -> None:
    exports = {f"keyed-{number}": KEYS[number % len(KEYS)] for number in range(40)} | {"unkeyed": ""}
    wanted = exports | {"unkeyed": "unkeyed#0/1"}
    topic = broker.settings.kafka_exports_topic
    begin = time.time()
    with agent(otelcol, folder, broker) as started:
        send(started.port, exports)
        wait_until(lambda: shards(broker.read(topic), exports).keys() == exports.keys(), "all exports")
        found = [record for record in broker.read(topic) if services_of(record) & exports.keys()]
    assert shards(found, exports) == {service: {key} for service, key in wanted.items()}
    partitions = defaultdict[str, set[int]](set)
    for record in found:
        assert record.key is not None
        partitions[record.key.decode()].add(record.partition)
        # By the broker's clock and not by a point's time.
        kind, milliseconds = record.timestamp
        assert kind == TIMESTAMP_LOG_APPEND_TIME
        assert begin - 1 <= milliseconds / 1000 <= time.time() + 1
    # As whoever else writes by key finds it.
    assert partitions == {key: {broker.put("reduse.metrics", b"", key)} for key in set(wanted.values())}


def test_derived_metrics_reach_the_store_behind_what_nobody_can_read(
    broker: Broker, otelcol: Path, folder: Path
) -> None:
    topic = broker.settings.kafka_metrics_topic
    metrics = free_port()
    now = time.time_ns()
    derived = otlp.export(otlp.resource("derived", otlp.gauge("reduse.user.rate", now, [42.0])))
    key = "the same partition"
    # Before there is a gateway: it begins with the first one.
    broker.put(topic, b"\xff no protobuf", key)
    broker.put(topic, derived, key)
    with servers.prometheus(folder, {"storage": read(PROMETHEUS)["storage"]}) as store:
        own = {"REDUSE_GATEWAY_METRICS_PORT": str(metrics)}
        with gateway(otelcol, folder, broker, store.url, **own), StoreClient(store.url) as client:
            wait_until(lambda: client.query('reduse_user_rate{job="derived"}') != [], "the derived metric")
            [sample] = client.query('reduse_user_rate{job="derived"}')
            assert sample.value == 42
            unread = counted(
                f"http://127.0.0.1:{metrics}/metrics", "otelcol_kafka_receiver_unmarshal_failed_metric_points"
            )
    assert sum(unread.values()) >= 1
