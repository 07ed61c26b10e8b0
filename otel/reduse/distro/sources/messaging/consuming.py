"""`basic_consume` and `consume`: the broker pushes messages, the application processes them.

A message counts as consumed when it is delivered. Its processing begins then. It ends when the callback returns or the
generator is asked for the next; but a message that is to be settled and is not yet is worked on elsewhere, in a thread
or a batch, and its processing ends with its settlement. When it was rejected or given back it was not processed well:
that is its error. The channel's end gives back what is still open. A callback that raises ends with its exception.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any

from reduse.distro.base.semantic_conventions import error_type
from reduse.distro.base.tracebacks import theirs
from reduse.distro.sources.messaging.aggregation import CONSUME, MessagingAggregation
from reduse.distro.sources.messaging.channel_record import ChannelRecord, record_of
from reduse.distro.sources.messaging.parameters import Parameters
from reduse.distro.sources.messaging.place import Place, queue_at

OnMessage = Callable[[Any, Any, Any, bytes], Any]


def measured_consume(original: Callable[..., Any], messages: MessagingAggregation) -> Callable[..., Any]:
    """`basic_consume` of either kind of channel."""
    given = Parameters(original)

    @functools.wraps(original)
    def basic_consume(channel: Any, *args: Any, **kwargs: Any) -> Any:
        on_message = given.get(args, kwargs, "on_message_callback")
        if callable(on_message):
            record = record_of(channel, messages)
            place = queue_at(given.get(args, kwargs, "queue"), record.server)
            acknowledged = bool(given.get(args, kwargs, "auto_ack"))
            measured = measured_callback(on_message, record, CONSUME, place, acknowledged=acknowledged)
            args, kwargs = given.with_another(args, kwargs, "on_message_callback", measured)
        try:
            return original(channel, *args, **kwargs)
        except BaseException as error:
            error.__traceback__ = theirs(error)
            raise

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
            raised.__traceback__ = theirs(raised)
            raise
        finally:
            record.returned(delivery, error)

    return measured


def measured_generator(original: Callable[..., Any], messages: MessagingAggregation) -> Callable[..., Any]:
    """`consume` of a blocking channel."""

    given = Parameters(original)

    @functools.wraps(original)
    def consume(channel: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        record = record_of(channel, messages)
        place = queue_at(given.get(args, kwargs, "queue"), record.server)
        try:
            # It refuses before it gives anything to go through.
            consumed = original(channel, *args, **kwargs)
        except BaseException as error:
            error.__traceback__ = theirs(error)
            raise
        return _each_measured(consumed, record, place, acknowledged=bool(given.get(args, kwargs, "auto_ack")))

    return consume


def _each_measured(
    consumed: Iterator[Any], record: ChannelRecord, place: Place, *, acknowledged: bool
) -> Iterator[Any]:
    try:
        for message in consumed:
            if message[0] is None:
                # Nothing came within `inactivity_timeout`.
                yield message
                continue
            delivery = record.delivered(CONSUME, message[0].delivery_tag, place, acknowledged=acknowledged)
            try:
                yield message
            finally:
                record.returned(delivery, None)
    except BaseException as error:
        error.__traceback__ = theirs(error)
        raise
