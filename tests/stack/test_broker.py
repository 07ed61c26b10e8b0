"""The broker's definitions."""

import json
from pathlib import Path

from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.stack import broker, credentials
from reduse.stack.installation import Installation


def test_the_password_hash_is_rabbitmqs() -> None:
    """The example of RabbitMQ's documentation: salt 908DC60A and password test12."""
    assert (
        broker.password_hash("test12", bytes.fromhex("908DC60A")) == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"
    )


def test_only_monitoring_has_a_tag_and_every_permission_has_its_user(tmp_path: Path) -> None:
    installation = made(tmp_path)
    server = installation.broker("rabbitmq")
    definitions = broker.merged_definitions(server, installation)
    assert {user["name"]: user["tags"] for user in definitions["users"] if user["tags"]} == {
        "monitoring": ["monitoring"]
    }
    assert {permission["user"] for permission in definitions["permissions"]} <= {user.name for user in server.users}
    assert all(permission["configure"] in ("", "^$") for permission in definitions["permissions"])


def test_no_password_is_in_the_definitions(tmp_path: Path) -> None:
    installation = made(tmp_path)
    server = installation.broker("rabbitmq")
    text = json.dumps(broker.merged_definitions(server, installation))
    assert not [name for name in server.secrets if secret_files.read(installation.settings.secrets_dir, name) in text]


def made(state: Path) -> Installation:
    """The reference company's, with its passwords."""
    installation = Installation.of(Settings(state_dir=state))
    credentials.create(installation.settings.secrets_dir, credentials.passwords(installation.processes))
    return installation
