"""While a processor's state is moved to Kafka, what the agent still has for it is sent, and nothing else is."""

from pathlib import Path

import pytest

from tests.collector.configuration import FOLDER
from tests.collector.kafka.collectors import agent_environment, send, shards
from tests.collector.pipeline import counted
from tests.kafka import Broker
from tests.ports import free_port
from tests.processor.sink import Sink
from tests.server import Server
from tests.waiting import wait_until

pytestmark = pytest.mark.server


def test_what_waited_for_the_processor_is_sent_and_what_comes_goes_to_kafka(
    broker: Broker, otelcol: Path, folder: Path
) -> None:
    metrics = free_port()
    before, after = ({f"{when}-{number}": "" for number in range(20)} for when in ("before", "after"))

    def agent(processor: int, *layers: str) -> Server:
        files = ("agent.yaml", *layers)
        own = agent_environment(folder, broker) | {
            "REDUSE_PROCESSOR_ENDPOINT": f"127.0.0.1:{processor}",
            "REDUSE_AGENT_METRICS_PORT": str(metrics),
        }
        command = [str(otelcol), *(f"--config={FOLDER / file}" for file in files)]
        port = "--set=receivers.otlp.protocols.grpc.endpoint=127.0.0.1:{port}"
        return Server([*command, port], own, folder / "agent.log")

    def waiting() -> float:
        queues = counted(f"http://127.0.0.1:{metrics}/metrics", "otelcol_exporter_queue_size")
        (size,) = (size for has, size in queues.items() if ("exporter", "otlp_grpc/processor") in has)
        return size

    with agent(free_port()) as alone:
        send(alone.port, before)
    with Sink() as sink, agent(sink.port, "agent-kafka.yaml", "agent-drain.yaml") as draining:
        send(draining.port, after)
        wait_until(lambda: before.keys() <= services(sink), "what waited for the processor")
        topic = broker.settings.kafka_exports_topic
        wait_until(lambda: shards(broker.read(topic), after).keys() == after.keys(), "what came")
        wait_until(lambda: waiting() == 0, "the end of the queue")
        assert services(sink) == before.keys()
        assert not shards(broker.read(topic), before)


def services(sink: Sink) -> set[str]:
    return {
        attribute.value.string_value
        for request in list(sink.requests)
        for resource in request.resource_metrics
        for attribute in resource.resource.attributes
        if attribute.key == "service.name"
    }
