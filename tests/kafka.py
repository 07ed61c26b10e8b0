"""A Kafka broker of one node, for tests: from jars of the cache, in a folder and on ports of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from tests.ports import free_port, wait_until

VERSION = "4.3.1"
_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>reduse</groupId><artifactId>kafka</artifactId><version>1</version>
<dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
</dependencies></project>
"""


def missing() -> str:
    """What of a broker's needs is not here; empty when nothing is."""
    return ", ".join(name for name in ("java", "mvn") if shutil.which(name) is None)


def jars() -> Path:
    """The folder of the broker's jars, fetched once."""
    cache = Path(os.environ.get("REDUSE_CACHE_DIR", Path.home() / ".cache" / "reduse")) / "kafka-try"
    folder = cache / f"libs-{VERSION}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        (cache / "pom.xml").write_text(_POM)
        fetched = cache / f"fetched-{uuid.uuid4().hex}"
        command = ["mvn", "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={fetched}"]
        subprocess.run([*command, "-DincludeScope=runtime"], cwd=cache, check=True, timeout=240)
        fetched.rename(folder)
    return folder


@dataclass
class Broker:
    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def format(self) -> None:
        controller = free_port()
        self._properties.write_text(
            "\n".join(
                [
                    "process.roles=broker,controller",
                    "node.id=1",
                    f"listeners=PLAINTEXT://{self.address},CONTROLLER://127.0.0.1:{controller}",
                    f"advertised.listeners=PLAINTEXT://{self.address}",
                    "controller.listener.names=CONTROLLER",
                    f"controller.quorum.bootstrap.servers=127.0.0.1:{controller}",
                    f"log.dirs={self.folder / 'data'}",
                    "offsets.topic.num.partitions=1",
                    "offsets.topic.replication.factor=1",
                    "transaction.state.log.replication.factor=1",
                    "transaction.state.log.min.isr=1",
                    "group.initial.rebalance.delay.ms=0",
                    "auto.create.topics.enable=false",
                    "",
                ]
            )
        )
        identity = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A", 1)
        command = [*self._java, "kafka.tools.StorageTool", "format", "-t", identity, "--standalone"]
        subprocess.run([*command, "-c", str(self._properties)], check=True, capture_output=True)

    def start(self) -> None:
        with (self.folder / "broker.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self._java, "kafka.Kafka", str(self._properties)], stdout=log, stderr=subprocess.STDOUT
            )
        wait_until(self._answers, 60, "the broker's start")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def make(self, topic: str, partitions: int, settings: Mapping[str, str] | None = None) -> None:
        # Kept until it has answered: it takes its promises with it.
        admin = AdminClient({"bootstrap.servers": self.address})
        new = NewTopic(topic, num_partitions=partitions, replication_factor=1, config=dict(settings or {}))
        admin.create_topics([new])[topic].result(20)

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    @property
    def _java(self) -> list[str]:
        return ["java", "-Xmx512m", "-cp", f"{jars()}/*"]

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "broker.log").read_text()[-4000:]
        try:
            AdminClient({"bootstrap.servers": self.address, "log_level": 0}).list_topics(timeout=2)
        except KafkaException:
            return False
        return True


@contextmanager
def running(folder: Path) -> Iterator[Broker]:
    broker = Broker(folder)
    folder.mkdir(parents=True, exist_ok=True)
    broker.format()
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()
