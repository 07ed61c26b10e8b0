"""Messages that a service sends and consumes with pika, measured by patches of its two channel classes.

A `BlockingChannel` works through an inner `Channel`. Each call of the application is measured where it is made: an
inner channel measures nothing.
"""

import functools
from collections.abc import Callable
from typing import Any

from wrapt import register_post_import_hook

from reduse.distro.base.tracebacks import theirs
from reduse.distro.sources.instrumentation import Instrumentation, Process
from reduse.distro.sources.messaging.aggregation import MessagingAggregation
from reduse.distro.sources.messaging.channel_record import INNER
from reduse.distro.sources.messaging.consuming import measured_consume, measured_generator
from reduse.distro.sources.messaging.getting import measured_blocking_get, measured_get
from reduse.distro.sources.messaging.handing_over import measured_hand_over
from reduse.distro.sources.messaging.messages import Messages
from reduse.distro.sources.messaging.sending import measured_publish
from reduse.distro.sources.messaging.settling import measured_ack, measured_nack, measured_reject

Measure = Callable[[Callable[..., Any], MessagingAggregation], Callable[..., Any]]

_OF_BOTH: dict[str, Measure] = {
    "basic_publish": measured_publish,
    "basic_consume": measured_consume,
    "basic_ack": measured_ack,
    "basic_nack": measured_nack,
    "basic_reject": measured_reject,
}
_OF_CHANNELS: dict[str, Measure] = {**_OF_BOTH, "basic_get": measured_get}
_OF_BLOCKING_CHANNELS: dict[str, Measure] = {
    **_OF_BOTH,
    "basic_get": measured_blocking_get,
    "consume": measured_generator,
}


def measure_pika(messages: MessagingAggregation) -> None:
    """Measure every channel of this process, now or when pika is imported."""
    register_post_import_hook(lambda module: measure_channels(module.Channel, messages), "pika.channel")
    register_post_import_hook(
        lambda module: measure_blocking_channels(module.BlockingChannel, messages), "pika.adapters.blocking_connection"
    )
    register_post_import_hook(
        lambda module: measure_hand_over(module.BlockingConnection), "pika.adapters.blocking_connection"
    )
    register_post_import_hook(lambda module: measure_hand_over(module.IOLoop), "pika.adapters.select_connection")


def measure_channels(channel: Any, messages: MessagingAggregation) -> None:
    """Measure the channels of a class like `pika.channel.Channel`, unless they are the inner ones of others."""
    setattr(channel, INNER, False)
    for name, measure in _OF_CHANNELS.items():
        original = getattr(channel, name)
        setattr(channel, name, _unless_inner(original, measure(original, messages)))


def measure_blocking_channels(channel: Any, messages: MessagingAggregation) -> None:
    """Measure the channels of a class like `pika.adapters.blocking_connection.BlockingChannel`."""
    for name, measure in _OF_BLOCKING_CHANNELS.items():
        setattr(channel, name, measure(getattr(channel, name), messages))


def measure_hand_over(owner: Any) -> None:
    """Know what other threads hand over to the thread of the connections or event loops of a class."""
    owner.add_callback_threadsafe = measured_hand_over(owner.add_callback_threadsafe)


def _unless_inner(original: Callable[..., Any], measured: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def either(channel: Any, *args: Any, **kwargs: Any) -> Any:
        call = original if getattr(channel, INNER) else measured
        try:
            return call(channel, *args, **kwargs)
        except BaseException as error:
            error.__traceback__ = theirs(error)
            raise

    return either


def _start(process: Process) -> None:
    measure_pika(process.source(Messages).aggregation)


PIKA = Instrumentation("pika", _start, replaces=frozenset({"pika"}))
