"""The topics of users' points and of derived metrics; those of the engine are made by it."""

from collections.abc import Mapping

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType

from reduse.errors import SettingError, StackError
from reduse.settings.stack import Settings, retention_seconds
from reduse.stack.kafka import server
from reduse.stack.waiting import Check, no_check, wait

START_SECONDS = 60
ANSWER_SECONDS = 15
PROBE_SECONDS = 1
SMALLEST_SEGMENT = 2**20
LARGEST_SEGMENT = 2**27


def ensure(settings: Settings, reached: Mapping[str, str], check: Check = no_check) -> None:
    """Wait until the broker answers, make the topics that are missing, and let all have what the settings say.

    Args:
        reached: how the broker is, as librdkafka takes it.

    Raises:
        SettingError: a topic has another number of partitions: keys would go to others than before.
        StackError: the broker does not answer, or refuses.
    """
    client = AdminClient({**reached, "log_level": 0}, error_cb=_ignored)
    wait(
        lambda: _unanswered(client),
        START_SECONDS,
        lambda reason: (
            f"Kafka did not answer at {reached['bootstrap.servers']} within {START_SECONDS} s ({reason}): "
            f"see `./reduse logs {server.NAME}`."
        ),
        check,
    )
    wanted = {settings.kafka_exports_topic, settings.kafka_metrics_topic}
    configured = configuration(settings)
    try:
        there = client.list_topics(timeout=ANSWER_SECONDS).topics
        for name in sorted(wanted & there.keys()):
            check_partitions(name, len(there[name].partitions), settings.kafka_partitions)
        new = [NewTopic(name, settings.kafka_partitions, 1, config=dict(configured)) for name in wanted - there.keys()]
        futures = list(client.create_topics(new, request_timeout=ANSWER_SECONDS).values()) if new else []
        if changed := [_resource(name, configured) for name in sorted(wanted & there.keys())]:
            futures += client.incremental_alter_configs(changed, request_timeout=ANSWER_SECONDS).values()
        for future in futures:
            future.result(ANSWER_SECONDS)
    except (KafkaException, TimeoutError) as error:
        raise StackError(f"Kafka did not create its topics ({error}): see `./reduse logs {server.NAME}`.") from None


def configuration(settings: Settings) -> dict[str, str]:
    """Of each of the two topics; what is kept is shared by its partitions."""
    each = settings.kafka_retention_bytes // settings.kafka_partitions
    return {
        "cleanup.policy": "delete",
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(server.MESSAGE_BYTES),
        "retention.ms": str(round(retention_seconds(settings.kafka_retention) * 1000)),
        "retention.bytes": str(each),
        # What is written to now is never deleted: a small part of what is kept.
        "segment.bytes": str(min(LARGEST_SEGMENT, max(SMALLEST_SEGMENT, each // 8))),
    }


def check_partitions(topic: str, there: int, wanted: int) -> None:
    """Raise SettingError where a topic would have to be divided anew."""
    if there != wanted:
        raise SettingError(
            f"REDUSE_KAFKA_PARTITIONS={wanted}, and the topic {topic} has {there}: the state of a user is where the "
            f"partition is. Set it to {there}, or name new topics and a new group in REDUSE_KAFKA_EXPORTS_TOPIC, "
            "REDUSE_KAFKA_METRICS_TOPIC and REDUSE_KAFKA_GROUP."
        )


def _resource(topic: str, configured: Mapping[str, str]) -> ConfigResource:
    entries = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in configured.items()
    ]
    return ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)


def _unanswered(client: AdminClient) -> str | None:
    try:
        client.list_topics(timeout=PROBE_SECONDS)
    except KafkaException as error:
        return str(error.args[0].str() if error.args else error)
    return None


def _ignored(_error: object) -> None:
    """That a broker which is starting is away yet."""
