"""A real broker that gives the rights of KafkaUser objects and no others, and asks for passwords as Strimzi's does."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from reduse.stack import security
from reduse.stack.kafka import server
from tests.deploy.manifests import Object
from tests.kafka import Broker

ANSWER_SECONDS = 30
MECHANISM = "SCRAM-SHA-512"
# Who makes topics, gives rights and looks at what is there; and the controller, by its certificate.
ABOVE_RIGHTS = (security.KAFKA_BROKER, f"CN={server.NAME}")
PROPERTIES = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": ";".join(f"User:{name}" for name in ABOVE_RIGHTS),
    "listener.name.clients.sasl.enabled.mechanisms": f"PLAIN,{MECHANISM}",
    f"listener.name.clients.{MECHANISM.lower()}.sasl.jaas.config": (
        "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    ),
    # Passwords say who calls.
    "listener.name.clients.ssl.client.auth": "none",
}


class Guarded:
    """The broker, and who may come."""

    def __init__(self, broker: Broker, users: dict[str, Object]) -> None:
        """`users` are the specifications of KafkaUser objects by name."""
        self.broker = broker
        self.passwords = {name: secrets.token_hex(16) for name in users}
        self.admin = AdminClient(broker.client())
        information = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        made: list[UserScramCredentialAlteration] = [
            UserScramCredentialUpsertion(name, information, password.encode())
            for name, password in self.passwords.items()
        ]
        _wait(self.admin.alter_user_scram_credentials(made).values())
        _wait(self.admin.create_acls(list(_bindings(users))).values())

    @property
    def authority(self) -> Path:
        """Whom the broker's certificate is of."""
        return self.broker.settings.certificates_dir / "ca.crt"

    def client(self, user: str) -> dict[str, str | int | float | bool]:
        """What a client of librdkafka has to be told."""
        return {
            "bootstrap.servers": self.broker.address,
            "security.protocol": "SASL_SSL",
            "ssl.ca.location": str(self.authority),
            "sasl.mechanism": MECHANISM,
            "sasl.username": user,
            "sasl.password": self.passwords[user],
            "log_level": 0,
        }


@contextmanager
def guarded_broker(folder: Path, users: dict[str, Object]) -> Iterator[Guarded]:
    """Until the block ends; it has the two topics."""
    folder.mkdir(exist_ok=True)
    broker = Broker(folder, secure=True)
    with (server.directory(broker.settings) / server.PROPERTIES).open("a") as file:
        file.writelines(f"{name}={value}\n" for name, value in PROPERTIES.items())
    try:
        broker.start()
        yield Guarded(broker, users)
    finally:
        broker.kill()


def _bindings(users: dict[str, Object]) -> Iterator[AclBinding]:
    for user, spec in users.items():
        for acl in spec["authorization"]["acls"]:
            resource = acl["resource"]
            for operation in acl["operations"]:
                yield AclBinding(
                    ResourceType[resource["type"].upper()],
                    resource["name"],
                    ResourcePatternType[resource["patternType"].upper()],
                    f"User:{user}",
                    "*",
                    AclOperation[operation.upper()],
                    AclPermissionType.ALLOW,
                )


def _wait(answers: Iterable[object]) -> None:
    for answer in answers:
        answer.result(ANSWER_SECONDS)  # type: ignore[attr-defined]
