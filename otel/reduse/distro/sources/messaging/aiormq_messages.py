"""Messages that a service sends and consumes with aio-pika, robust connections and patterns included.

All of it goes through the channels of aiormq, so that their class is the one place. The rules are those of pika: where
a settlement comes later than the callback's return, as for a queue's iterator, whose callback only keeps the message,
the processing ends with it, and began no earlier than the settlement before it by the same task.
"""

import asyncio
import functools
import inspect
from collections.abc import Callable
from time import perf_counter
from typing import Any
from weakref import WeakKeyDictionary

from wrapt import register_post_import_hook

from reduse.distro.base.semantic_conventions import error_type
from reduse.distro.base.tracebacks import theirs
from reduse.distro.sources.instrumentation import Instrumentation, Process
from reduse.distro.sources.messaging.aggregation import ACK, CONSUME, GET, NACK, REJECT, MessagingAggregation
from reduse.distro.sources.messaging.channel_record import ChannelRecord, record_of
from reduse.distro.sources.messaging.handing_over import Worker, on_behalf_of
from reduse.distro.sources.messaging.messages import Messages
from reduse.distro.sources.messaging.parameters import Parameters
from reduse.distro.sources.messaging.place import exchange_at, queue_at
from reduse.distro.sources.messaging.settling import outcome_of

Method = Callable[..., Any]


def measure_aiormq(messages: MessagingAggregation) -> None:
    """Measure every channel of this process, now or when aiormq is imported."""
    register_post_import_hook(lambda module: measure_channel_class(module.Channel, messages), "aiormq.channel")


def measure_channel_class(channel: Any, messages: MessagingAggregation) -> None:
    """Measure the channels of a class like `aiormq.channel.Channel`."""
    channel.basic_publish = _measured_publish(channel.basic_publish, messages)
    channel.basic_consume = _measured_consume(channel.basic_consume, messages)
    channel.basic_get = _measured_get(channel.basic_get, messages)
    for name, operation in (("basic_ack", ACK), ("basic_nack", NACK), ("basic_reject", REJECT)):
        setattr(channel, name, _measured_settlement(getattr(channel, name), operation, messages))


def _measured_publish(original: Method, messages: MessagingAggregation) -> Method:
    """With publisher confirms, which are aio-pika's default, it ends with the broker's answer."""

    @functools.wraps(original)
    async def basic_publish(channel: Any, *args: Any, **kwargs: Any) -> Any:
        place = exchange_at(kwargs.get("exchange"), record_of(channel, messages).server)
        started = perf_counter()
        try:
            result = await original(channel, *args, **kwargs)
        except BaseException as error:
            messages.sent(place, error_type(error), perf_counter() - started)
            error.__traceback__ = theirs(error)
            raise
        messages.sent(place, None, perf_counter() - started)
        return result

    return basic_publish


def _measured_consume(original: Method, messages: MessagingAggregation) -> Method:
    given = Parameters(original)

    @functools.wraps(original)
    async def basic_consume(channel: Any, *args: Any, **kwargs: Any) -> Any:
        on_message = given.get(args, kwargs, "consumer_callback")
        if callable(on_message):
            queue, acknowledged = given.get(args, kwargs, "queue"), bool(given.get(args, kwargs, "no_ack"))
            measured = _measured_callback(on_message, record_of(channel, messages), queue, acknowledged=acknowledged)
            args, kwargs = given.with_another(args, kwargs, "consumer_callback", measured)
        try:
            return await original(channel, *args, **kwargs)
        except BaseException as error:
            error.__traceback__ = theirs(error)
            raise

    return basic_consume


def _measured_callback(on_message: Method, record: ChannelRecord, queue: Any, *, acknowledged: bool) -> Method:
    place = queue_at(queue, record.server)

    async def measured(message: Any) -> Any:
        delivery = record.delivered(CONSUME, message.delivery.delivery_tag, place, acknowledged=acknowledged)
        error: str | None = None
        try:
            result = on_message(message)
            return await result if inspect.isawaitable(result) else result
        except BaseException as raised:
            error = error_type(raised)
            raised.__traceback__ = theirs(raised)
            raise
        finally:
            record.returned(delivery, error)

    return measured


def _measured_get(original: Method, messages: MessagingAggregation) -> Method:
    """How long the message that it returns is processed is not seen."""

    given = Parameters(original)

    @functools.wraps(original)
    async def basic_get(channel: Any, *args: Any, **kwargs: Any) -> Any:
        record = record_of(channel, messages)
        place = queue_at(given.get(args, kwargs, "queue"), record.server)
        started = perf_counter()
        try:
            message = await original(channel, *args, **kwargs)
        except BaseException as error:
            messages.operated(GET, place, error_type(error), perf_counter() - started)
            error.__traceback__ = theirs(error)
            raise
        messages.operated(GET, place, None, perf_counter() - started)
        tag = getattr(message.delivery, "delivery_tag", None)
        if tag is not None:
            record.delivered(GET, tag, place, acknowledged=bool(given.get(args, kwargs, "no_ack")))
        return message

    return basic_get


def _measured_settlement(original: Method, operation: str, messages: MessagingAggregation) -> Method:
    given = Parameters(original)

    @functools.wraps(original)
    async def settle(channel: Any, *args: Any, **kwargs: Any) -> Any:
        tag = given.get(args, kwargs, "delivery_tag")
        record = record_of(channel, messages)
        started = perf_counter()
        try:
            result = await original(channel, *args, **kwargs)
        except BaseException as error:
            record.settling(operation, tag, error_type(error), perf_counter() - started)
            error.__traceback__ = theirs(error)
            raise
        record.settling(operation, tag, None, perf_counter() - started)
        outcome = outcome_of(operation, given.get(args, kwargs, "requeue"))
        with on_behalf_of(_worker_of_task()):
            record.settled(tag, outcome, multiple=bool(given.get(args, kwargs, "multiple")))
        return result

    return settle


_workers: "WeakKeyDictionary[asyncio.Task[Any], Worker]" = WeakKeyDictionary()


def _worker_of_task() -> Worker:
    task = asyncio.current_task()
    if task is None:
        return Worker()
    worker = _workers.get(task)
    if worker is None:
        worker = _workers[task] = Worker()
    return worker


def _start(process: Process) -> None:
    measure_aiormq(process.source(Messages).aggregation)


AIO_PIKA = Instrumentation("aio-pika", _start, replaces=frozenset({"aio-pika"}))
"""Measures aio-pika where it is imported."""
