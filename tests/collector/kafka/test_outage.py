"""Outages of the broker, of the agent and of the store: nothing is lost, and keys stay what they were."""

import time
from pathlib import Path

import pytest

from reduse.store.client import StoreClient
from tests.collector import otlp, servers
from tests.collector.configuration import PROMETHEUS, read
from tests.collector.kafka.collectors import agent, gateway, send, shards
from tests.kafka import Broker
from tests.waiting import wait_until

pytestmark = pytest.mark.server

KEYS = [f"mes-api/{number}" for number in range(4)]


def exports(name: str, number: int = 40) -> dict[str, str]:
    return {f"{name}-{each}": KEYS[each % len(KEYS)] for each in range(number)}


def wait_for(broker: Broker, sent: dict[str, str]) -> None:
    """Until every export is in its topic; each then came under its own key."""
    topic = broker.settings.kafka_exports_topic
    wait_until(lambda: shards(broker.read(topic), sent).keys() == sent.keys(), "all exports")
    assert shards(broker.read(topic), sent) == {service: {key} for service, key in sent.items()}


def test_what_the_agent_took_while_the_broker_was_away_survives_its_own_death(
    broker: Broker, otelcol: Path, folder: Path
) -> None:
    sent = exports("queued")
    broker.kill()
    with agent(otelcol, folder, broker) as taking:
        send(taking.port, sent)
        taking.kill()
        broker.start()
        taking.start()
        taking.wait_until_listening()
        wait_for(broker, sent)


def test_a_broker_that_is_killed_loses_nothing_that_was_sent_before_during_and_after(
    broker: Broker, otelcol: Path, folder: Path
) -> None:
    parts = [exports(name) for name in ("before", "during", "after")]
    with agent(otelcol, folder, broker) as taking:
        send(taking.port, parts[0])
        broker.kill()
        send(taking.port, parts[1])
        broker.start()
        send(taking.port, parts[2])
        wait_for(broker, parts[0] | parts[1] | parts[2])


def test_derived_metrics_wait_for_a_store_that_is_away_and_for_a_gateway_that_was_killed(
    broker: Broker, otelcol: Path, folder: Path
) -> None:
    topic = broker.settings.kafka_metrics_topic
    store = servers.prometheus(folder, {"storage": read(PROMETHEUS)["storage"]})
    with gateway(otelcol, folder, broker, store.url) as started:
        broker.put(topic, derived("waits"))
        wait_until(lambda: "Backing off" in started.output(), "the gateway's word that the store is away")
        started.kill()
        started.start()
        started.wait_until_listening()
        with store, StoreClient(store.url) as client:
            wait_until(lambda: client.query('reduse_user_rate{job="waits"}') != [], "what had waited")
            # The group takes up where it was, also after the broker's death.
            broker.kill()
            broker.start()
            broker.put(topic, derived("follows"))
            wait_until(lambda: client.query('reduse_user_rate{job="follows"}') != [], "what came after")


def derived(service: str) -> bytes:
    return otlp.export(otlp.resource(service, otlp.gauge("reduse.user.rate", time.time_ns(), [1.0])))
