"""What a worker shows of itself, by the names that the rules ask for."""

import time

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import CollectorRegistry, generate_latest

from reduse.processor.kafka.instruments import KafkaInstruments, KafkaStatus


def test_before_the_brokers_answer_it_has_no_partition_and_does_not_say_how_many_there_are() -> None:
    registry, _ = instruments()
    found = shown(registry)
    assert found["reduse_processor_kafka_partitions"] == 0
    assert "reduse_processor_kafka_topic_partitions" not in found
    # What may rise is there from the start: a first rise is seen.
    for name in ("lost", "replayed", "rebalances", "commits_failed", "windows_incomplete"):
        assert found[f"reduse_processor_kafka_{name}_total"] == 0


def test_afterwards_it_says_what_it_has_what_there_is_and_what_waits() -> None:
    registry, kafka = instruments()
    kafka.topic_partitions = 8
    kafka.status = KafkaStatus({("exports", 3): 7, ("partials", 5): 0}, 2, 4)
    kafka.lost.add(4)
    found = shown(registry)
    assert found["reduse_processor_kafka_topic_partitions"] == 8
    assert found["reduse_processor_kafka_partitions"] == 2
    assert found['reduse_processor_kafka_lag{partition="3",topic="exports"}'] == 7
    assert found['reduse_processor_kafka_lag{partition="5",topic="partials"}'] == 0
    assert found["reduse_processor_kafka_lost_total"] == 4
    assert found["reduse_processor_kafka_windows_waiting"] == 4


def test_how_long_the_loop_stands_is_shown_once_it_has_turned() -> None:
    registry, kafka = instruments()
    assert "reduse_processor_kafka_loop_age_seconds" not in shown(registry)
    assert not kafka.turns(60)
    kafka.turned = time.monotonic() - 30
    assert shown(registry)["reduse_processor_kafka_loop_age_seconds"] >= 30
    assert kafka.turns(60)
    assert not kafka.turns(10)


def instruments() -> tuple[CollectorRegistry, KafkaInstruments]:
    registry = CollectorRegistry()
    reader = PrometheusMetricReader(registry=registry, scope_info_enabled=False)
    return registry, KafkaInstruments(MeterProvider([reader], shutdown_on_exit=False))


def shown(registry: CollectorRegistry) -> dict[str, float]:
    """What a scrape finds, by name and labels."""
    lines = generate_latest(registry).decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")}
