"""Where a message goes to or comes from: a destination of a broker.

Source: OpenTelemetry semantic conventions, "RabbitMQ". They name a destination by exchange, routing key and queue for
spans; on metrics a name must have few values, and routing keys may have any number. So messages sent are counted by
exchange, messages consumed by queue.
"""

from typing import Any

DEFAULT_EXCHANGE = "amq.default"

# The template of queues whose names the broker makes up. A queue without a name, which is the one declared last on its
# channel, is taken for one of them.
BROKER_NAMED = "amq.gen-{id}"

# Named `messaging.destination.name`, `messaging.destination.template`, `server.address`, `server.port`.
Place = tuple[str | None, str | None, str | None, int | None]
PLACE_ATTRIBUTES = (
    "messaging.destination.name",
    "messaging.destination.template",
    "server.address",
    "server.port",
)

# RabbitMQ's, where a URL names none.
_PORT, _TLS_PORT = 5672, 5671

Server = tuple[str | None, int | None]


def exchange_at(exchange: Any, server: Server) -> Place:
    """What a message is sent to."""
    if exchange and not isinstance(exchange, str):
        # The library refuses it, in its own words.
        return somewhere_at(server)
    return (exchange or DEFAULT_EXCHANGE, None, *server)


def queue_at(queue: Any, server: Server) -> Place:
    """What a message is consumed from: by its name, or by the template of all that are named by the broker."""
    if queue is not None and not isinstance(queue, str):
        # The library refuses it, in its own words.
        return somewhere_at(server)
    if not queue or queue.startswith("amq.gen"):
        return (None, BROKER_NAMED, *server)
    return (queue, None, *server)


def somewhere_at(server: Server) -> Place:
    """A destination that is not known."""
    return (None, None, *server)


def server_of(channel: Any) -> Server:
    """The host and port that a channel's connection was opened to, as they were configured; None where unknown."""
    connection = getattr(channel, "connection", None)
    # A blocking connection works through another.
    parameters = getattr(getattr(connection, "_impl", connection), "params", None)
    if parameters is not None:
        return getattr(parameters, "host", None), getattr(parameters, "port", None)
    url = getattr(connection, "url", None)
    if url is None:
        return None, None
    return url.host, url.port or (_TLS_PORT if url.scheme == "amqps" else _PORT)
