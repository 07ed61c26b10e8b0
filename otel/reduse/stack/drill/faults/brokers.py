"""Faults of a RabbitMQ broker that the stack starts, by its name."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import pika

from reduse.settings import secret_files
from reduse.stack import broker as brokers
from reduse.stack import commands
from reduse.stack.installation import Installation
from reduse.stack.packages import RABBITMQ_SERVER

RABBITMQCTL = RABBITMQ_SERVER.resolve().with_name("rabbitmqctl")


@contextmanager
def messages(
    installation: Installation, name: str, user: str, exchange: str, routing_key: str, bodies: Sequence[bytes]
) -> Iterator[None]:
    """This user publishes such messages, once."""
    server = installation.broker(name)
    password = secret_files.read(installation.settings.secrets_dir, server.secret_of(user))
    connection = pika.BlockingConnection(
        pika.ConnectionParameters(
            "127.0.0.1", installation.port(name), credentials=pika.PlainCredentials(user, password)
        )
    )
    channel = connection.channel()
    for body in bodies:
        channel.basic_publish(exchange, routing_key, body)
    connection.close()
    yield


@contextmanager
def consumer_refused(installation: Installation, name: str, user: str, vhost: str = "/") -> Iterator[None]:
    """This user may not read its queues any more; it lives on."""
    definitions = brokers.merged_definitions(installation.broker(name), installation)
    [kept] = [each for each in definitions["permissions"] if (each["user"], each["vhost"]) == (user, vhost)]
    allow = partial(
        _control, installation, name, "set_permissions", "--vhost", vhost, user, kept["configure"], kept["write"]
    )
    allow("^$")
    try:
        # What is open keeps its rights.
        _control(installation, name, "close_all_user_connections", user, "drill")
        yield
    finally:
        allow(kept["read"])


def _control(installation: Installation, name: str, *arguments: str) -> None:
    server = installation.broker(name)
    commands.run(
        [str(RABBITMQCTL), "--node", server.node_name, *arguments],
        log=installation.settings.log_dir / "drill.log",
        cure=f"See `./reduse logs {name}`.",
        environment={"PATH": os.environ["PATH"], **brokers.environment(server, installation)},
        directory=brokers.directory(server, installation.settings),
    )
