"""`basic_consume` and `consume`: the broker pushes messages, the application processes them.

A message counts as consumed when it is delivered. Its processing begins then. It ends when the callback returns or the
generator is asked for the next; but a message that is to be settled and is not yet is worked on elsewhere, in a thread
or a batch, and its processing ends with its settlement. When it was rejected or given back it was not processed well:
that is its error. The channel's end gives back what is still open. A callback that raises ends with its exception.
"""

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from reduse.distro.base.semantic_conventions import error_type
from reduse.distro.sources.messaging.aggregation import CONSUME, MessagingAggregation
from reduse.distro.sources.messaging.channel_record import ChannelRecord, record_of
from reduse.distro.sources.messaging.place import Place, queue_at

OnMessage = Callable[[Any, Any, Any, bytes], Any]


def measured_consume(original: Callable[..., Any], messages: MessagingAggregation) -> Callable[..., Any]:
    """`basic_consume` of either kind of channel."""
    signature = inspect.signature(original)

    @functools.wraps(original)
    def basic_consume(channel: Any, *args: Any, **kwargs: Any) -> Any:
        call = signature.bind(channel, *args, **kwargs)
        on_message = call.arguments.get("on_message_callback")
        if callable(on_message):
            record = record_of(channel, messages)
            call.arguments["on_message_callback"] = measured_callback(
                on_message,
                record,
                CONSUME,
                queue_at(call.arguments["queue"], record.server),
                acknowledged=call.arguments.get("auto_ack", False),
            )
        return original(*call.args, **call.kwargs)

    return basic_consume


def measured_callback(
    on_message: OnMessage, record: ChannelRecord, operation: str, place: Place, *, acknowledged: bool
) -> OnMessage:
    """The application's callback, with each message counted and timed; `acknowledged`: by its delivery alone."""

    @functools.wraps(on_message)
    def measured(channel: Any, method: Any, properties: Any, body: bytes) -> Any:
        delivery = record.delivered(operation, method.delivery_tag, place, acknowledged=acknowledged)
        error: str | None = None
        try:
            return on_message(channel, method, properties, body)
        except BaseException as raised:
            error = error_type(raised)
            raise
        finally:
            record.returned(delivery, error)

    return measured


def measured_generator(original: Callable[..., Any], messages: MessagingAggregation) -> Callable[..., Any]:
    """`consume` of a blocking channel."""

    @functools.wraps(original)
    def consume(channel: Any, queue: str, auto_ack: bool = False, *args: Any, **kwargs: Any) -> Iterator[Any]:
        record = record_of(channel, messages)
        place = queue_at(queue, record.server)
        for message in original(channel, queue, auto_ack, *args, **kwargs):
            if message[0] is None:
                # Nothing came within `inactivity_timeout`.
                yield message
                continue
            delivery = record.delivered(CONSUME, message[0].delivery_tag, place, acknowledged=auto_ack)
            try:
                yield message
            finally:
                record.returned(delivery, None)

    return consume
