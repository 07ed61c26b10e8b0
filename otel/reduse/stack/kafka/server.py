"""One broker that is its own controller (KRaft): its configuration, its start, and whether it answers."""

import os
import secrets
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

from reduse.errors import SettingError, StackError
from reduse.operation.access import AUTHORITY
from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.stack import commands, least_privilege, programs, security
from reduse.stack.kafka import jars
from reduse.stack.part import STORES, Part

NAME = "kafka"
OLDEST_JAVA = 17
IDLE_PORTS = frozenset({"REDUSE_KAFKA_PORT", "REDUSE_KAFKA_CONTROLLER_PORT"})
"""Which are not listened on without it."""

# More than any record of the agent or of a worker.
MESSAGE_BYTES = 5 * 2**20
CLEANER_BYTES = 8 * 2**20
# Of the topics that Kafka and the engine make for themselves.
OWN_PARTITIONS = 8
# A file of properties is read as Latin-1, and names in it have commas between them: the broker runs in its folder.
PROPERTIES = "server.properties"
KEY_STORE = "broker.pem"
LIBRARIES = "jars"
# Java reads the path of its folder by the locale.
ENVIRONMENT = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
LOG = "log"
# What Java unpacks there a killed broker leaves behind: it has a folder of its own, which each start empties.
TEMPORARY = "temporary"
_EMPTIED = 'rm -rf "$0" && mkdir "$0" && exec "$@"'
# The second compiler costs a program that ends at once more than it gains.
_FOR_A_SHORT_LIFE = "-XX:TieredStopAtLevel=1"


def directory(settings: Settings) -> Path:
    return settings.data_dir / NAME


def check_java(settings: Settings) -> None:
    """Raise SettingError when the Java that would run it is too old, or none."""
    java = programs.java(settings)
    try:
        told = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=True).stderr
        release = int(told.split('"')[1].split(".")[0])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        raise SettingError(f"{java} does not run as Java: name another one in REDUSE_JAVA_PROGRAM.") from None
    if release < OLDEST_JAVA:
        raise SettingError(
            f"{java} is Java {release}, and Kafka needs {OLDEST_JAVA}: name another one in REDUSE_JAVA_PROGRAM."
        )


def write_configuration(settings: Settings, libraries: Path) -> None:
    """Write what the broker reads at its start, and make its folder of data where there is none yet.

    Args:
        libraries: the folder of its jars.
    """
    folder = directory(settings)
    folder.mkdir(parents=True, exist_ok=True)
    files = _secret_files(settings)
    with least_privilege.as_owner_of(folder):
        link = folder / LIBRARIES
        link.unlink(missing_ok=True)
        link.symlink_to(libraries)
        for name, text in files.items():
            secret_files.write(folder / name, text)
    if not (folder / LOG / "meta.properties").exists():
        commands.run(
            [
                *[*least_privilege.prefix_of_owner(folder), *_java(settings, _FOR_A_SHORT_LIFE)],
                *["kafka.tools.StorageTool", "format", "-t", new_cluster(), "-c", PROPERTIES],
            ],
            log=settings.log_dir / "kafka-format.log",
            cure=f"Its data would be in {folder}: remove that folder if nothing in it is wanted.",
            environment={"PATH": os.environ["PATH"], **ENVIRONMENT},
            directory=folder,
        )


def _secret_files(settings: Settings) -> dict[str, str]:
    """What the broker reads, by the names of the files."""
    properties, found = configuration(settings), dict[str, str]()
    if settings.security:
        certificates = settings.certificates_dir
        found[KEY_STORE] = (certificates / f"{NAME}.key").read_text() + (certificates / f"{NAME}.crt").read_text()
        found[AUTHORITY] = (certificates / AUTHORITY).read_text()
        properties |= _secure(settings)
    return {**found, PROPERTIES: "".join(f"{name}={value}\n" for name, value in properties.items())}


def new_cluster(random: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """An identity of a cluster, as Kafka makes them: none begins with a dash, as options do."""
    while True:
        made = urlsafe_b64encode(uuid.UUID(bytes=random(16), version=4).bytes).decode().rstrip("=")
        if not made.startswith("-"):
            return made


def configuration(settings: Settings) -> dict[str, str]:
    """What is in `server.properties` whether or not security is on."""
    controller = f"127.0.0.1:{settings.kafka_controller_port}"
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{controller}",
        "listeners": f"CLIENTS://127.0.0.1:{settings.kafka_port},CONTROLLER://{controller}",
        "listener.security.protocol.map": "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "CLIENTS",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": LOG,
        # A name that is spelled wrong is an error and no topic.
        "auto.create.topics.enable": "false",
        # By the broker's clock: by an event's own time old ones would be deleted as soon as they come.
        "log.message.timestamp.type": "LogAppendTime",
        "message.max.bytes": str(MESSAGE_BYTES),
        "num.partitions": str(OWN_PARTITIONS),
        "default.replication.factor": "1",
        "offsets.topic.num.partitions": str(OWN_PARTITIONS),
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.num.partitions": str(OWN_PARTITIONS),
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # By default half of a small heap, in one piece, for which there may be no room. A third of a million keys fit.
        "log.cleaner.dedupe.buffer.size": str(CLEANER_BYTES),
        # After it was killed the broker is let in again when it is taken for dead: by default after 9 s.
        "broker.session.timeout.ms": "4000",
        "broker.heartbeat.interval.ms": "1000",
        # Who is alone in a group need not wait for others.
        "group.initial.rebalance.delay.ms": "0",
    }


def _secure(settings: Settings) -> dict[str, str]:
    """TLS with a certificate on both sides, and for clients a user and a password too."""
    users = {
        name: secret_files.read(settings.secrets_dir, security.kafka_password(name)) for name in security.KAFKA_USERS
    }
    own = users[security.KAFKA_BROKER]
    login = " ".join(
        [
            "org.apache.kafka.common.security.plain.PlainLoginModule required",
            f'username="{security.KAFKA_BROKER}" password="{own}"',
            *(f'user_{name}="{password}"' for name, password in users.items()),
        ]
    )
    return {
        "listener.security.protocol.map": "CLIENTS:SASL_SSL,CONTROLLER:SSL",
        "sasl.enabled.mechanisms": "PLAIN",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "listener.name.clients.plain.sasl.jaas.config": f"{login};",
        "listener.name.clients.ssl.client.auth": "required",
        "listener.name.controller.ssl.client.auth": "required",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": KEY_STORE,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": AUTHORITY,
    }


def part(settings: Settings) -> Part:
    """The broker as a part; it runs in its folder."""
    broker = [*_java(settings, f"-Djava.io.tmpdir={TEMPORARY}"), "kafka.Kafka", PROPERTIES]
    command = ["/bin/sh", "-c", _EMPTIED, TEMPORARY, *broker]
    folder = directory(settings)
    return Part(NAME, STORES, command, dict(ENVIRONMENT), directory=folder, owns=(folder,))


def _java(settings: Settings, *options: str) -> list[str]:
    return [
        str(programs.java(settings)),
        f"-Xmx{settings.kafka_heap_mib}m",
        # Its supervisor starts it again; without memory it would go on and do nothing.
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
        *options,
        *["-cp", f"{LIBRARIES}/*"],
    ]


def libraries(settings: Settings) -> Path:
    """The jars that `prepare` fetched. Raises StackError when somebody removed them since."""
    found = jars.find(settings)
    if found is None:
        raise StackError(f"the jars of Kafka are missing in {settings.cache}: start again to fetch them.")
    return found
