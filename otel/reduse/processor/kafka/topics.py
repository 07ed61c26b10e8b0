"""The topics that workers keep for themselves are made by whichever of them comes first."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from reduse.processor.faults import Faults
from reduse.processor.kafka.settings import KafkaSettings

logger = logging.getLogger(__name__)

_ANSWER_SECONDS = 10.0
_KNOCK_SECONDS = 3.0
_AGAIN_SECONDS = 1.0
# Snapshots are deleted by who writes newer ones, and never by age.
STATE: Mapping[str, str] = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "segment.bytes": str(64 * 2**20),
}
PARTIALS: Mapping[str, str] = {
    "cleanup.policy": "delete",
    "message.timestamp.type": "LogAppendTime",
    "retention.ms": str(86_400_000),
    "retention.bytes": str(256 * 2**20),
    "segment.bytes": str(32 * 2**20),
    "max.message.bytes": str(16 * 2**20),
}
QUARANTINE: Mapping[str, str] = {
    "cleanup.policy": "delete",
    "retention.ms": str(7 * 86_400_000),
    "retention.bytes": str(64 * 2**20),
    "segment.bytes": str(16 * 2**20),
    "max.message.bytes": str(16 * 2**20),
}
# Of its brokers' choice.
_REPLICATION = -1


class TopicError(Exception):
    """A topic that is missing could not be made; one line that names it and the cure."""


def ensure(settings: KafkaSettings, connection: dict[str, Any], faults: Faults, stop: threading.Event) -> int:
    """Waits for the brokers and the topics of exports and metrics, until told to stop. How many partitions are taken.

    Raises TopicError, KafkaException.
    """
    told = {"error_cb": lambda error: faults.meet(f"Kafka: {error.name()}", error.str())}
    admin = AdminClient(connection | {"logger": logger} | told)
    while not stop.is_set():
        partitions = _partitions(admin, settings, faults)
        if partitions:
            # A service's partials are in one partition for good, so there are as many as there were at first.
            joined = _ensure(admin, settings.partials_topic, partitions, PARTIALS, grows=False)
            _ensure(admin, settings.state_topic, partitions, STATE)
            _ensure(admin, settings.joined_state_topic, joined, STATE)
            _ensure(admin, settings.quarantine_topic, 1, QUARANTINE)
            return partitions + joined
        stop.wait(_AGAIN_SECONDS)
    return 0


def _partitions(admin: AdminClient, settings: KafkaSettings, faults: Faults) -> int:
    """Of the topic of exports; 0 when it is not there yet."""
    try:
        there = admin.list_topics(timeout=_KNOCK_SECONDS).topics
    except KafkaException as error:
        faults.meet("Kafka does not answer", f"{error.args[0].str()}: REDUSE_KAFKA_BROKERS={settings.brokers}")
        # Why, as a wrong password.
        admin.poll(0)
        return 0
    missing = [name for name in (settings.exports_topic, settings.metrics_topic) if name not in there]
    if missing:
        faults.meet(
            f"Kafka has no topic {' and '.join(missing)}", "create it, with message.timestamp.type=LogAppendTime"
        )
        return 0
    return len(there[settings.exports_topic].partitions)


def _ensure(
    admin: AdminClient, topic: str, partitions: int, configuration: Mapping[str, str], *, grows: bool = True
) -> int:
    """How many partitions it has."""
    there = admin.list_topics(timeout=_ANSWER_SECONDS).topics.get(topic)
    if there is None:
        made = admin.create_topics([NewTopic(topic, partitions, _REPLICATION, config=dict(configuration))])
        logger.info("creating the topic %s, with %d partitions", topic, partitions)
    elif len(there.partitions) < partitions and grows:
        made = admin.create_partitions([NewPartitions(topic, partitions)])
    else:
        return len(there.partitions)
    try:
        made[topic].result(_ANSWER_SECONDS)
    except KafkaException as error:
        # Another worker was first.
        if error.args[0].code() not in {KafkaError.TOPIC_ALREADY_EXISTS, KafkaError.INVALID_PARTITIONS}:
            told = f"{topic} needs {partitions} partitions, and Kafka does not let this worker make them"
            raise TopicError(f"{told}: {error.args[0].str()}: grant it the right, or create the topics") from error
    return partitions
