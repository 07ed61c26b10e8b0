"""Channels with pika's methods and signatures, which give three messages to each consumer and send none.

The names of the arguments are pika's, used or not.
"""
# ruff: noqa: ARG002

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

UNROUTABLE = "unroutable"
SERVER = ("broker.example", 5672)

_CONNECTION = SimpleNamespace(params=SimpleNamespace(host=SERVER[0], port=SERVER[1]))


@dataclass
class Method:
    delivery_tag: int


class Channel:
    """Stands for `pika.channel.Channel`, on its own or inside a blocking one.

    It is closed while `closed` is set: a call raises. A queue is empty unless its name is `full`.
    """

    def __init__(self) -> None:
        self.closed = False
        self.connection = _CONNECTION
        self._when_empty: list[Callable[[Any], None]] = []
        self._when_closed: list[Callable[..., None]] = []

    def add_callback(self, callback: Callable[[Any], None], replies: Sequence[Any], one_shot: bool = True) -> None:
        self._when_empty.append(callback)

    def add_on_close_callback(self, callback: Callable[..., None]) -> None:
        self._when_closed.append(callback)

    def close(self, reply_code: int = 0, reply_text: str = "") -> None:
        for listener in self._when_closed:
            listener(self, None)

    def basic_publish(self, exchange: str, routing_key: str, body: bytes, properties: Any = None) -> None:
        self._raise_if_closed()

    def basic_consume(
        self, queue: str, on_message_callback: Callable[..., None], auto_ack: bool = False, callback: Any = None
    ) -> str:
        for tag in (1, 2, 3):
            on_message_callback(self, Method(tag), None, b"")
        return "tag"

    def basic_get(self, queue: str, callback: Callable[..., None], auto_ack: bool = False) -> None:
        self._raise_if_closed()
        if queue == "full":
            callback(self, Method(9), None, b"")
        else:
            for listener in self._when_empty:
                listener(object())

    def basic_ack(self, delivery_tag: int = 0, multiple: bool = False) -> None:
        self._raise_if_closed()

    def basic_nack(self, delivery_tag: int = 0, multiple: bool = False, requeue: bool = True) -> None:
        self._raise_if_closed()

    def basic_reject(self, delivery_tag: int = 0, requeue: bool = True) -> None:
        self._raise_if_closed()

    def _raise_if_closed(self) -> None:
        if self.closed:
            raise BrokenPipeError


class Connection:
    """Stands for what other threads hand callbacks to."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[], None]] = []

    def add_callback_threadsafe(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    def run(self) -> None:
        """As the thread of the connection does."""
        for callback in self._callbacks:
            callback()


class BlockingChannel:
    """Stands for `pika.adapters.blocking_connection.BlockingChannel`."""

    def __init__(self, inner: Channel) -> None:
        self.connection = SimpleNamespace(_impl=inner.connection)
        self._impl = inner

    def close(self, reply_code: int = 0, reply_text: str = "") -> None:
        self._impl.close()

    @property
    def closed(self) -> bool:
        return self._impl.closed

    @closed.setter
    def closed(self, closed: bool) -> None:
        self._impl.closed = closed

    def basic_publish(self, exchange: str, routing_key: str, body: bytes, properties: Any = None) -> None:
        self._impl.basic_publish(exchange, routing_key, body)
        if routing_key == UNROUTABLE:
            raise LookupError

    def basic_consume(self, queue: str, on_message_callback: Callable[..., None], auto_ack: bool = False) -> str:
        def on_inner_message(_inner: Channel, *message: Any) -> None:
            on_message_callback(self, *message)

        return self._impl.basic_consume(queue=queue, on_message_callback=on_inner_message, auto_ack=auto_ack)

    def consume(self, queue: str, auto_ack: bool = False) -> Iterator[tuple[Method | None, None, bytes]]:
        yield None, None, b""
        for tag in (1, 2, 3):
            yield Method(tag), None, b""

    def basic_get(self, queue: str, auto_ack: bool = False) -> tuple[Method | None, None, bytes]:
        got: list[Method] = []
        self._impl.basic_get(queue, lambda _channel, method, *_rest: got.append(method))
        return (got[0] if got else None), None, b""

    def basic_ack(self, delivery_tag: int = 0, multiple: bool = False) -> None:
        self._impl.basic_ack(delivery_tag, multiple)

    def basic_nack(self, delivery_tag: int = 0, multiple: bool = False, requeue: bool = True) -> None:
        self._impl.basic_nack(delivery_tag, multiple, requeue)

    def basic_reject(self, delivery_tag: int = 0, requeue: bool = True) -> None:
        self._impl.basic_reject(delivery_tag, requeue)
