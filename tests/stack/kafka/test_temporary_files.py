"""A broker that is killed again and again leaves no files outside its folder, and no more of them each time."""

from pathlib import Path

import pytest
from confluent_kafka import Producer

from reduse.stack.kafka import server
from tests.kafka import Broker

pytestmark = pytest.mark.server

SECONDS = 60


def test_what_a_killed_broker_unpacked_is_removed_at_its_next_start(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    temporary = server.directory(broker.settings) / server.TEMPORARY
    kept = []
    for _ in range(2):
        broker.start()
        producer = Producer({**broker.client(), "compression.type": "lz4"})
        # A broker looks into what is compressed, for which it unpacks a library.
        producer.produce(broker.settings.kafka_exports_topic, b"x" * 10_000)
        assert producer.flush(SECONDS) == 0
        kept.append(sorted(path.suffix for path in temporary.iterdir()))
        broker.kill()
    assert ".so" in kept[0]
    assert kept[0] == kept[1]
