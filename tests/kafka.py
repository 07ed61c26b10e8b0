"""A real Kafka as the stack starts it, which can be killed and started again; its data stays."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from reduse.operation import certificates
from reduse.settings.stack import Settings
from reduse.stack import credentials, security
from reduse.stack.kafka import jars, server, topics
from tests.ports import free_port
from tests.process import Process
from tests.waiting import PATIENCE_SECONDS, wait_until

PARTITIONS = 4
HEAP_MIB = 256
READ_SECONDS = PATIENCE_SECONDS
# A broker of a test ends before what the second compiler costs pays: its start takes half the CPU time without it.
FOR_A_SHORT_LIFE = "-XX:TieredStopAtLevel=1"


@dataclass(frozen=True)
class Record:
    """What is in a topic, with where and as of when."""

    partition: int
    key: bytes | None
    value: bytes
    timestamp: tuple[int, int]


class Broker:
    """One node, with its two topics."""

    def __init__(self, folder: Path, *, secure: bool = False, heap_mib: int = HEAP_MIB) -> None:
        self.settings = Settings(
            state_dir=folder,
            cache_dir=Settings().cache,
            kafka=True,
            security=secure,
            kafka_port=free_port(),
            kafka_controller_port=free_port(),
            kafka_partitions=PARTITIONS,
            kafka_heap_mib=heap_mib,
        )
        self._log = folder / "kafka.log"
        self._process: Process | None = None
        if secure:
            credentials.create(self.settings.secrets_dir, security.KAFKA_PASSWORDS)
            certificates.ensure(self.settings.certificates_dir, hosts=(), now=datetime.now(UTC))
        server.check_java(self.settings)
        server.write_configuration(self.settings, jars.find(self.settings) or jars.fetch(self.settings))

    @property
    def address(self) -> str:
        return security.kafka_brokers(self.settings)

    @property
    def pid(self) -> int:
        """Of its process. RuntimeError when it does not run."""
        if self._process is None:
            raise RuntimeError("the broker does not run")
        return self._process.pid

    def client(self) -> dict[str, str | int | float | bool]:
        """What a client of librdkafka has to be told."""
        return dict(security.kafka_client(self.settings))

    def start(self) -> None:
        """Start it, and return when it has its topics."""
        self.launch()
        wait_until(self._answers, "the broker's first answer")
        topics.ensure(self.settings, security.kafka_client(self.settings), self._still_up)
        wait_until(self._leads, "leaders of all partitions")

    def launch(self) -> None:
        """Start it, and return at once."""
        part = server.part(self.settings)
        environment = {"PATH": os.environ["PATH"], "JDK_JAVA_OPTIONS": FOR_A_SHORT_LIFE, **part.environment}
        self._process = Process(part.command, self._log, environment=environment, directory=part.directory)
        self._process.start()

    def kill(self) -> None:
        """End it at once, as the kernel would."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def ended(self) -> bool:
        """Whether it has ended, by itself or killed."""
        return self._process is None or not self._process.alive

    def stop(self) -> None:
        """Ask it to end, and wait."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def make(self, topic: str, partitions: int, settings: Mapping[str, str] | None = None) -> None:
        """Make one more topic."""
        # Kept until it has answered: it takes its promises with it.
        admin = AdminClient(self.client())
        new = NewTopic(topic, num_partitions=partitions, replication_factor=1, config=dict(settings or {}))
        admin.create_topics([new])[topic].result(READ_SECONDS)

    def put(self, topic: str, value: bytes, key: str | None = None) -> int:
        """Put one record into a topic; the partition that it went to."""
        partitions: list[int | None] = []
        producer = Producer({**self.client(), "acks": "all", "partitioner": "murmur2_random"})
        producer.produce(
            topic, value, key, on_delivery=lambda error, record: partitions.append(-1 if error else record.partition())
        )
        assert producer.flush(READ_SECONDS) == 0
        [partition] = partitions
        assert partition is not None
        assert partition >= 0
        return partition

    def read(self, topic: str, settled_seconds: float = 0) -> list[Record]:
        """All records of a topic from its begin to its end, in the order of each partition."""
        time.sleep(settled_seconds)
        consumer = Consumer(
            {**self.client(), "group.id": "reader of a test", "enable.auto.commit": False, "auto.offset.reset": "error"}
        )
        try:
            found = []
            for partition in range(self.settings.kafka_partitions):
                first, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=READ_SECONDS)
                consumer.assign([TopicPartition(topic, partition, first)])
                for _ in range(end - first):
                    message = consumer.poll(READ_SECONDS)
                    assert message is not None
                    assert message.error() is None, message.error()
                    found.append(Record(partition, message.key(), message.value() or b"", message.timestamp()))
            return found
        finally:
            consumer.close()

    def _answers(self) -> bool:
        self._still_up()
        try:
            AdminClient({**self.client(), "log_level": 0}, error_cb=lambda _error: None).list_topics(timeout=5)
        except KafkaException:
            return False
        return True

    def _leads(self) -> bool:
        """Topics are there a moment before somebody answers for their partitions."""
        consumer = Consumer({**self.client(), "group.id": "reader of a test"})
        try:
            for topic in (self.settings.kafka_exports_topic, self.settings.kafka_metrics_topic):
                for partition in range(self.settings.kafka_partitions):
                    consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=READ_SECONDS)
        except KafkaException:
            return False
        finally:
            consumer.close()
        return True

    def _still_up(self) -> None:
        if self.ended():
            raise RuntimeError(self._log.read_text(errors="replace")[-4000:])


@contextmanager
def running_broker(folder: Path, *, secure: bool = False, heap_mib: int = HEAP_MIB) -> Iterator[Broker]:
    """Until the block ends."""
    folder.mkdir(exist_ok=True)
    broker = Broker(folder, secure=secure, heap_mib=heap_mib)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()
