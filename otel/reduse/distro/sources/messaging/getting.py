"""`basic_get`: the application asks a queue for one message. The broker's answer ends the operation, also when the
queue is empty; a message that it brings is consumed.
"""

import functools
from collections.abc import Callable
from time import perf_counter
from typing import Any

from reduse.distro.base.harmless import harmless
from reduse.distro.base.semantic_conventions import error_type
from reduse.distro.base.tracebacks import theirs
from reduse.distro.sources.messaging.aggregation import GET, MessagingAggregation
from reduse.distro.sources.messaging.channel_record import ChannelRecord, record_of
from reduse.distro.sources.messaging.consuming import OnMessage, measured_callback
from reduse.distro.sources.messaging.parameters import Parameters
from reduse.distro.sources.messaging.place import Place, queue_at


def measured_blocking_get(original: Callable[..., Any], messages: MessagingAggregation) -> Callable[..., Any]:
    """Of a blocking channel: returns the message. How long it is processed is not seen."""
    given = Parameters(original)

    @functools.wraps(original)
    def basic_get(channel: Any, *args: Any, **kwargs: Any) -> Any:
        record = record_of(channel, messages)
        place = queue_at(given.get(args, kwargs, "queue"), record.server)
        started = perf_counter()
        try:
            message = original(channel, *args, **kwargs)
        except BaseException as error:
            messages.operated(GET, place, error_type(error), perf_counter() - started)
            error.__traceback__ = theirs(error)
            raise
        messages.operated(GET, place, None, perf_counter() - started)
        if message[0] is not None:
            acknowledged = bool(given.get(args, kwargs, "auto_ack"))
            record.delivered(GET, message[0].delivery_tag, place, acknowledged=acknowledged)
        return message

    return basic_get


def measured_get(original: Callable[..., Any], messages: MessagingAggregation) -> Callable[..., Any]:
    """Of an asynchronous channel: the message, when there is one, goes to a callback, which processes it."""
    given = Parameters(original)

    @functools.wraps(original)
    def basic_get(channel: Any, *args: Any, **kwargs: Any) -> Any:
        record = record_of(channel, messages)
        place = queue_at(given.get(args, kwargs, "queue"), record.server)
        callback = given.get(args, kwargs, "callback")
        _hear_of_empty_queues(channel, record)
        asked_before, started = record.asked, perf_counter()
        record.asked = (place, started)
        if callable(callback):
            acknowledged = bool(given.get(args, kwargs, "auto_ack"))
            answering = _answering(callback, record, place, acknowledged)
            args, kwargs = given.with_another(args, kwargs, "callback", answering)
        try:
            return original(channel, *args, **kwargs)
        except BaseException as error:
            record.asked = asked_before
            messages.operated(GET, place, error_type(error), perf_counter() - started)
            error.__traceback__ = theirs(error)
            raise

    return basic_get


def _answering(callback: OnMessage, record: ChannelRecord, place: Place, acknowledged: bool) -> OnMessage:
    process = measured_callback(callback, record, GET, place, acknowledged=acknowledged)

    @functools.wraps(callback)
    def answered(channel: Any, method: Any, properties: Any, body: bytes) -> Any:
        record.answered()
        try:
            return process(channel, method, properties, body)
        except BaseException as error:
            error.__traceback__ = theirs(error)
            raise

    return answered


@harmless
def _hear_of_empty_queues(channel: Any, record: ChannelRecord) -> None:
    if not record.hears_answers:
        from pika.spec import Basic

        record.hears_answers = True
        channel.add_callback(record.answered, [Basic.GetEmpty], one_shot=False)
