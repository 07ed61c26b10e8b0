"""`basic_get`: the application asks a queue for one message. The broker's answer ends the operation, also when the
queue is empty; a message that it brings is consumed.
"""

import functools
from collections.abc import Callable
from time import perf_counter
from typing import Any

from reduse.distro.base.semantic_conventions import error_type
from reduse.distro.sources.messaging.aggregation import GET, MessagingAggregation
from reduse.distro.sources.messaging.channel_record import ChannelRecord, record_of
from reduse.distro.sources.messaging.consuming import OnMessage, measured_callback
from reduse.distro.sources.messaging.place import Place, queue_at


def measured_blocking_get(original: Callable[..., Any], messages: MessagingAggregation) -> Callable[..., Any]:
    """Of a blocking channel: returns the message. How long it is processed is not seen."""

    @functools.wraps(original)
    def basic_get(channel: Any, queue: str, auto_ack: bool = False) -> Any:
        record = record_of(channel, messages)
        place = queue_at(queue, record.server)
        started = perf_counter()
        try:
            message = original(channel, queue, auto_ack)
        except BaseException as error:
            messages.operated(GET, place, error_type(error), perf_counter() - started)
            raise
        messages.operated(GET, place, None, perf_counter() - started)
        if message[0] is not None:
            record.delivered(GET, message[0].delivery_tag, place, acknowledged=auto_ack)
        return message

    return basic_get


def measured_get(original: Callable[..., Any], messages: MessagingAggregation) -> Callable[..., Any]:
    """Of an asynchronous channel: the message, when there is one, goes to a callback, which processes it."""

    @functools.wraps(original)
    def basic_get(channel: Any, queue: str, callback: OnMessage, auto_ack: bool = False) -> Any:
        record = record_of(channel, messages)
        place = queue_at(queue, record.server)
        _hear_of_empty_queues(channel, record)
        asked_before, started = record.asked, perf_counter()
        record.asked = (place, started)
        try:
            return original(channel, queue, _answering(callback, record, place, auto_ack), auto_ack)
        except BaseException as error:
            record.asked = asked_before
            messages.operated(GET, place, error_type(error), perf_counter() - started)
            raise

    return basic_get


def _answering(callback: Any, record: ChannelRecord, place: Place, acknowledged: bool) -> Any:
    if not callable(callback):
        # pika refuses it, in its own words.
        return callback
    process = measured_callback(callback, record, GET, place, acknowledged=acknowledged)

    @functools.wraps(callback)
    def answered(channel: Any, method: Any, properties: Any, body: bytes) -> Any:
        record.answered()
        return process(channel, method, properties, body)

    return answered


def _hear_of_empty_queues(channel: Any, record: ChannelRecord) -> None:
    if not record.hears_answers:
        from pika.spec import Basic

        record.hears_answers = True
        channel.add_callback(record.answered, [Basic.GetEmpty], one_shot=False)
