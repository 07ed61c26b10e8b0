"""The two topics in a Kafka that the stack does not start: made where they are missing, and else only looked at.

And whether the user that the parts log in as has the rights that they need there.
"""

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import Enum

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (
    AclOperation,
    AdminClient,
    ConfigResource,
    ConsumerGroupDescription,
    NewTopic,
    ResourceType,
    TopicDescription,
    TopicMetadata,
)

from reduse.errors import SettingError, StackError
from reduse.settings.stack import Settings
from reduse.stack.kafka import elsewhere, topics

ANSWER_SECONDS = 15
KNOCK_SECONDS = 3
KNOCKS = 3
POLL_SECONDS = 0.2
READ, WRITE, DELETE = AclOperation.READ, AclOperation.WRITE, AclOperation.DELETE
# Of the brokers' choice.
REPLICATION = -1
# What the agent writes at most, `producer.max_message_bytes` of agent-kafka.yaml.
MESSAGE_BYTES = 5_000_000
_NOT_ALLOWED = frozenset({KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED})


def ensure(settings: Settings, reached: Mapping[str, str]) -> None:
    """Make the topics that are missing; say what the others lack.

    Args:
        reached: how the brokers are, as librdkafka takes it.

    Raises:
        SettingError: brokers, authority, user, password, a right, or a topic's configuration will not do.
        StackError: Kafka does not answer in time, or refuses for another reason.
    """
    met: list[KafkaError] = []
    client = AdminClient({**reached, "log_level": 0}, error_cb=met.append)
    there = _there(client, met, settings)
    exports, metrics = settings.kafka_exports_topic, settings.kafka_metrics_topic
    try:
        for name in (exports, metrics):
            if name not in there:
                _make(client, name, settings)
        if exports in there:
            check_workers(settings.kafka_workers, exports, len(there[exports].partitions))
            check_configuration(exports, _configuration(client, exports))
        for name in (exports, metrics):
            _check_rights(f"topic {name}", _described(client, name).authorized_operations, (READ, WRITE))
        for use, name in elsewhere.topics_of_workers().items():
            if use in ("exports", "metrics"):
                continue
            if name in there:
                _check_rights(f"topic {name}", _described(client, name).authorized_operations, needed_by_workers(use))
            else:
                _make(client, name, settings, really=False)
        for group in (settings.kafka_group, f"{settings.kafka_group}-gateway"):
            _check_rights(f"group {group}", _allowed_of_group(client, group), (READ,))
    except (KafkaException, TimeoutError) as error:
        raise StackError(f"Kafka at {settings.kafka_brokers} did not return its topics: {_said(error)}.") from None


def needed_by_workers(use: str) -> Sequence[AclOperation]:
    """Rights of a topic that they keep for themselves: of states they delete what is old."""
    if use == "quarantine":
        return (WRITE,)
    return (READ, WRITE, DELETE) if use.endswith("state") else (READ, WRITE)


def check_workers(workers: int, topic: str, partitions: int) -> None:
    """Raise SettingError where some workers would have nothing to do."""
    if workers > partitions:
        raise SettingError(
            f"REDUSE_KAFKA_WORKERS={workers}, and the topic {topic} has {partitions} partitions: set it to "
            f"{partitions} or less, as a partition has one worker."
        )


def check_configuration(topic: str, found: Mapping[str, str]) -> None:
    """Raise SettingError where the topic of exports would lose something; `found`: what may be known of it."""
    if found.get("message.timestamp.type", "LogAppendTime") != "LogAppendTime":
        raise SettingError(
            f"the topic {topic} of REDUSE_KAFKA_EXPORTS_TOPIC keeps the timestamps of its senders, so late records "
            "would be "
            "deleted at once: set message.timestamp.type=LogAppendTime, or name another topic."
        )
    if int(found.get("max.message.bytes", MESSAGE_BYTES)) < MESSAGE_BYTES:
        raise SettingError(
            f"the topic {topic} of REDUSE_KAFKA_EXPORTS_TOPIC takes messages of {found['max.message.bytes']} bytes, "
            f"and a request of a service may be larger: set max.message.bytes={MESSAGE_BYTES} or more."
        )


def _there(client: AdminClient, met: list[KafkaError], settings: Settings) -> dict[str, TopicMetadata]:
    """All that this user may see."""
    reason = ""
    for _ in range(KNOCKS):
        try:
            return client.list_topics(timeout=KNOCK_SECONDS).topics
        except KafkaException as error:
            reason = _said(error)
            # Why, as a wrong password.
            client.poll(0)
            for each in met:
                _refused(each, settings)
            time.sleep(1)
    told = [each.str() for each in met if each.code() != KafkaError._ALL_BROKERS_DOWN]  # noqa: SLF001 - so it is named
    why = told[0] if told else reason
    secured = "" if os.environ.get(elsewhere.AUTHORITY) else f" If they listen by TLS, set {elsewhere.AUTHORITY}."
    raise StackError(
        f"Kafka does not answer at REDUSE_KAFKA_BROKERS={settings.kafka_brokers} ({why}): start it, "
        f"or unset REDUSE_KAFKA_BROKERS to have one started here.{secured}"
    )


def _refused(error: KafkaError, settings: Settings) -> None:
    """Raise SettingError for what waiting does not change."""
    if error.code() == KafkaError._AUTHENTICATION:  # noqa: SLF001 - so it is named
        user = os.environ.get(elsewhere.USER)
        who = f"{elsewhere.USER}={user} with the password in {elsewhere.PASSWORD_FILE}" if user else "nobody"
        cure = "mend the two, or REDUSE_KAFKA_SASL_MECHANISM" if user else f"set {elsewhere.USER}"
        raise SettingError(f"Kafka at {settings.kafka_brokers} refuses the login of {who}: {cure} ({error.str()}).")
    if error.code() == KafkaError._SSL:  # noqa: SLF001
        raise SettingError(
            f"TLS with Kafka failed at {settings.kafka_brokers} ({error.str()}): is {elsewhere.AUTHORITY} the "
            "authority of its certificate, does it want one of ours (REDUSE_KAFKA_TLS_CERT_FILE), and does it listen "
            "by TLS there?"
        )


def _make(client: AdminClient, name: str, settings: Settings, *, really: bool = True) -> None:
    """Unless `really`, ask only whether it may be made: workers make theirs as they need them."""
    configuration = dict(topics.configuration(settings)) if really else {}
    new = NewTopic(name, settings.kafka_partitions, REPLICATION, config=configuration)
    try:
        made = client.create_topics([new], request_timeout=ANSWER_SECONDS, validate_only=not really)
        made[name].result(ANSWER_SECONDS)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return
        if error.args[0].code() in _NOT_ALLOWED:
            raise SettingError(
                f"{_who()} sees no topic {name} and may not make it: give it the rights Describe, Read, Write and "
                "Create of this topic; or make it with message.timestamp.type=LogAppendTime and "
                f"max.message.bytes={MESSAGE_BYTES} or more."
            ) from None
        raise


def _configuration(client: AdminClient, name: str) -> dict[str, str]:
    """Nothing where it may not be asked for: then the workers find out."""
    resource = ConfigResource(ResourceType.TOPIC, name)
    try:
        found = client.describe_configs([resource], request_timeout=ANSWER_SECONDS)[resource].result(ANSWER_SECONDS)
    except KafkaException as error:
        if error.args[0].code() in _NOT_ALLOWED:
            return {}
        raise
    return {each.name: each.value for each in found.values() if each.value is not None}


def _described(client: AdminClient, name: str) -> TopicDescription:
    """Brokers may take a moment to know a topic that was made."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        asked = client.describe_topics(
            TopicCollection([name]), include_authorized_operations=True, request_timeout=ANSWER_SECONDS
        )
        try:
            described: TopicDescription = asked[name].result(ANSWER_SECONDS)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART or time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)
        else:
            return described


def _allowed_of_group(client: AdminClient, group: str) -> Collection[Enum] | None:
    """None where nothing is known: as long as nobody has been in it, some brokers have nothing to say."""
    try:
        asked = client.describe_consumer_groups(
            [group], include_authorized_operations=True, request_timeout=ANSWER_SECONDS
        )
        described: ConsumerGroupDescription = asked[group].result(ANSWER_SECONDS)
    except KafkaException as error:
        return () if error.args[0].code() == KafkaError.GROUP_AUTHORIZATION_FAILED else None
    return described.authorized_operations


def _check_rights(what: str, allowed: Collection[Enum] | None, needed: Sequence[AclOperation]) -> None:
    """Raise SettingError for what is lacking; without an authorizer brokers tell of no right at all."""
    if allowed is None:
        return
    if lacking := [each.name.title() for each in needed if each not in allowed]:
        raise SettingError(f"{_who()} lacks {' and '.join(lacking)} of the {what}: give it that right.")


def _who() -> str:
    user = os.environ.get(elsewhere.USER)
    return f"{elsewhere.USER}={user}" if user else "who does not log in to Kafka"


def _said(error: BaseException) -> str:
    first = error.args[0] if error.args else error
    text: Callable[[], str] | None = getattr(first, "str", None)
    return text() if text is not None else str(first)
