"""Messages that a service sends and consumes with pika, counted by patches of its two channel classes.

A `BlockingChannel` works through an inner `Channel`. Each call of the application is counted where it is made: an
inner channel, which carries its outer one as a cookie, counts nothing.

Destinations are exchanges for what is sent (routing keys may be unbounded) and queues for what is consumed. Queues
that the broker named, and the queue declared last, are one destination.
"""

import functools
import inspect
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

from wrapt import register_post_import_hook

from reduse.distro.http.attributes import error_type
from reduse.distro.messaging.aggregation import MessagingAggregation
from reduse.distro.messaging.unsettled import REJECTED, REQUEUED, settle_if_known, unsettled_of

DEFAULT_EXCHANGE = "(default)"
TEMPORARY_QUEUE = "(temporary)"

OnMessage = Callable[[Any, Any, Any, bytes], Any]


def measure_pika(messages: MessagingAggregation) -> None:
    """Count the messages of every channel of this process, now or when pika is imported."""
    patches = _Patches(messages)
    register_post_import_hook(lambda module: patches.channel(module.Channel), "pika.channel")
    register_post_import_hook(
        lambda module: patches.blocking_channel(module.BlockingChannel), "pika.adapters.blocking_connection"
    )


def destination(queue: str) -> str:
    """The queue's name, or one name for all that are named by the broker."""
    return TEMPORARY_QUEUE if not queue or queue.startswith("amq.gen") else queue


def _is_inner(channel: Any) -> bool:
    return getattr(channel, "_cookie", None) is not None


class _Patches:
    def __init__(self, messages: MessagingAggregation) -> None:
        self._messages = messages

    def channel(self, channel: Any) -> None:
        channel.basic_publish = self._publish(channel.basic_publish)
        channel.basic_consume = self._with_callback(channel.basic_consume, "on_message_callback")
        channel.basic_get = self._with_callback(channel.basic_get, "callback")
        _patch_settlement(channel)

    def blocking_channel(self, channel: Any) -> None:
        channel.basic_publish = self._publish(channel.basic_publish)
        channel.basic_consume = self._with_callback(channel.basic_consume, "on_message_callback")
        channel.basic_get = self._blocking_get(channel.basic_get)
        channel.consume = self._blocking_consume(channel.consume)
        _patch_settlement(channel)

    def _publish(self, original: Callable[..., Any]) -> Callable[..., Any]:
        sent = self._messages.sent

        @functools.wraps(original)
        def basic_publish(channel: Any, exchange: str, *args: Any, **kwargs: Any) -> Any:
            if _is_inner(channel):
                return original(channel, exchange, *args, **kwargs)
            try:
                result = original(channel, exchange, *args, **kwargs)
            except Exception as error:
                sent(exchange or DEFAULT_EXCHANGE, error_type(error))
                raise
            sent(exchange or DEFAULT_EXCHANGE, None)
            return result

        return basic_publish

    def _with_callback(self, original: Callable[..., Any], name: str) -> Callable[..., Any]:
        """For methods that take the application's callback as the argument `name`, and `queue` and `auto_ack`."""
        signature = inspect.signature(original)

        @functools.wraps(original)
        def with_callback(channel: Any, *args: Any, **kwargs: Any) -> Any:
            if _is_inner(channel):
                return original(channel, *args, **kwargs)
            call = signature.bind(channel, *args, **kwargs)
            if callable(call.arguments.get(name)):
                queue, auto_ack = call.arguments["queue"], call.arguments.get("auto_ack", False)
                call.arguments[name] = self._measured(call.arguments[name], destination(queue), auto_ack)
            return original(*call.args, **call.kwargs)

        return with_callback

    def _measured(self, on_message: OnMessage, queue: str, auto_ack: bool) -> OnMessage:
        messages = self._messages

        @functools.wraps(on_message)
        def measured(channel: Any, method: Any, properties: Any, body: bytes) -> Any:
            unsettled = unsettled_of(channel, messages.consumed)
            delivery = unsettled.add(method.delivery_tag, queue, acknowledged=auto_ack)
            error: str | None = None
            started = perf_counter()
            try:
                return on_message(channel, method, properties, body)
            except Exception as raised:
                error = error_type(raised)
                raise
            finally:
                messages.processed(queue, error or delivery.error, perf_counter() - started)

        return measured

    def _blocking_get(self, original: Callable[..., Any]) -> Callable[..., Any]:
        messages = self._messages

        @functools.wraps(original)
        def basic_get(channel: Any, queue: str, auto_ack: bool = False) -> Any:
            message = original(channel, queue, auto_ack)
            if message[0] is not None:
                unsettled = unsettled_of(channel, messages.consumed)
                unsettled.add(message[0].delivery_tag, destination(queue), acknowledged=auto_ack)
            return message

        return basic_get

    def _blocking_consume(self, original: Callable[..., Any]) -> Callable[..., Any]:
        messages = self._messages

        @functools.wraps(original)
        def consume(channel: Any, queue: str, auto_ack: bool = False, *args: Any, **kwargs: Any) -> Iterator[Any]:
            unsettled = unsettled_of(channel, messages.consumed)
            name = destination(queue)
            for message in original(channel, queue, auto_ack, *args, **kwargs):
                if message[0] is None:
                    yield message
                    continue
                delivery = unsettled.add(message[0].delivery_tag, name, acknowledged=auto_ack)
                started = perf_counter()
                try:
                    yield message
                finally:
                    # The application asks for the next message when it has worked on this one.
                    messages.processed(name, delivery.error, perf_counter() - started)

        return consume


def _patch_settlement(channel: Any) -> None:
    ack, nack, reject = channel.basic_ack, channel.basic_nack, channel.basic_reject

    @functools.wraps(ack)
    def basic_ack(self: Any, delivery_tag: int = 0, multiple: bool = False) -> Any:
        result = ack(self, delivery_tag, multiple)
        settle_if_known(self, delivery_tag, None, multiple=multiple)
        return result

    @functools.wraps(nack)
    def basic_nack(self: Any, delivery_tag: int = 0, multiple: bool = False, requeue: bool = True) -> Any:
        result = nack(self, delivery_tag, multiple, requeue)
        settle_if_known(self, delivery_tag, REQUEUED if requeue else REJECTED, multiple=multiple)
        return result

    @functools.wraps(reject)
    def basic_reject(self: Any, delivery_tag: int = 0, requeue: bool = True) -> Any:
        result = reject(self, delivery_tag, requeue)
        settle_if_known(self, delivery_tag, REQUEUED if requeue else REJECTED)
        return result

    channel.basic_ack, channel.basic_nack, channel.basic_reject = basic_ack, basic_nack, basic_reject
