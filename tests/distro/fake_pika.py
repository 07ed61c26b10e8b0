"""Channels with pika's methods and signatures, which give three messages to each consumer and send none.

The names of the arguments are pika's, used or not.
"""
# ruff: noqa: ARG002

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

UNROUTABLE = "unroutable"


@dataclass
class Method:
    delivery_tag: int


class Channel:
    """Stands for `pika.channel.Channel`, on its own or inside a blocking one, which is then its cookie."""

    _cookie: Any = None

    def basic_publish(self, exchange: str, routing_key: str, body: bytes, properties: Any = None) -> None: ...

    def basic_consume(
        self, queue: str, on_message_callback: Callable[..., None], auto_ack: bool = False, callback: Any = None
    ) -> str:
        for tag in (1, 2, 3):
            on_message_callback(self, Method(tag), None, b"")
        return "tag"

    def basic_get(self, queue: str, callback: Callable[..., None], auto_ack: bool = False) -> None:
        callback(self, Method(9), None, b"")

    def basic_ack(self, delivery_tag: int = 0, multiple: bool = False) -> None: ...

    def basic_nack(self, delivery_tag: int = 0, multiple: bool = False, requeue: bool = True) -> None: ...

    def basic_reject(self, delivery_tag: int = 0, requeue: bool = True) -> None: ...


class BlockingChannel:
    """Stands for `pika.adapters.blocking_connection.BlockingChannel`."""

    def __init__(self, inner: Channel) -> None:
        self._inner = inner
        inner._cookie = self

    def basic_publish(self, exchange: str, routing_key: str, body: bytes, properties: Any = None) -> None:
        self._inner.basic_publish(exchange, routing_key, body)
        if routing_key == UNROUTABLE:
            raise LookupError

    def basic_consume(self, queue: str, on_message_callback: Callable[..., None], auto_ack: bool = False) -> str:
        def on_inner_message(_inner: Channel, *message: Any) -> None:
            on_message_callback(self, *message)

        return self._inner.basic_consume(queue=queue, on_message_callback=on_inner_message, auto_ack=auto_ack)

    def consume(self, queue: str, auto_ack: bool = False) -> Iterator[tuple[Method | None, None, bytes]]:
        yield None, None, b""
        for tag in (1, 2, 3):
            yield Method(tag), None, b""

    def basic_get(self, queue: str, auto_ack: bool = False) -> tuple[Method | None, None, bytes]:
        return (Method(9) if queue == "full" else None), None, b""

    def basic_ack(self, delivery_tag: int = 0, multiple: bool = False) -> None:
        self._inner.basic_ack(delivery_tag, multiple)

    def basic_nack(self, delivery_tag: int = 0, multiple: bool = False, requeue: bool = True) -> None:
        self._inner.basic_nack(delivery_tag, multiple, requeue)

    def basic_reject(self, delivery_tag: int = 0, requeue: bool = True) -> None:
        self._inner.basic_reject(delivery_tag, requeue)
