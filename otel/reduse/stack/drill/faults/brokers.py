"""Faults of a RabbitMQ broker that the stack starts, by its name."""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial

import pika
from pika.exceptions import AMQPError

from reduse.settings import secret_files
from reduse.stack import broker as brokers
from reduse.stack import commands
from reduse.stack.drill.threads import meanwhile
from reduse.stack.installation import Installation
from reduse.stack.packages import RABBITMQ_SERVER

# Between two times that messages are published: an alert on what arrives sees more than one of them.
AGAIN_SECONDS = 5.0
RABBITMQCTL = RABBITMQ_SERVER.resolve().with_name("rabbitmqctl")


@contextmanager
def messages(
    installation: Installation, name: str, user: str, exchange: str, routing_key: str, bodies: Sequence[bytes]
) -> Iterator[None]:
    """This user publishes such messages, again and again until the block ends."""
    server = installation.broker(name)
    password = secret_files.read(installation.settings.secrets_dir, server.secret_of(user))
    parameters = pika.ConnectionParameters(
        "127.0.0.1", installation.port(name), credentials=pika.PlainCredentials(user, password)
    )

    def publish() -> None:
        with pika.BlockingConnection(parameters) as connection:
            channel = connection.channel()
            for body in bodies:
                channel.basic_publish(exchange, routing_key, body)

    def go_on(ending: threading.Event) -> None:
        while not ending.wait(AGAIN_SECONDS):
            # What a broker that is busy does not take now it takes the next time.
            with suppress(AMQPError):
                publish()

    publish()
    with meanwhile(go_on):
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
