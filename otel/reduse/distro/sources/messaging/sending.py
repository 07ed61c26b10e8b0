"""`basic_publish`.

What its duration covers is what the call does. A blocking publish ends when the message is on its way, and with
publisher confirms when the broker has answered: a message that it refuses or cannot route is an error then. An
asynchronous publish ends when the message is in the buffer; the broker's answer goes to the application's callback.
"""

import functools
from collections.abc import Callable
from time import perf_counter
from typing import Any

from reduse.distro.base.semantic_conventions import error_type
from reduse.distro.base.tracebacks import theirs
from reduse.distro.sources.messaging.aggregation import MessagingAggregation
from reduse.distro.sources.messaging.channel_record import record_of
from reduse.distro.sources.messaging.place import exchange_at


def measured_publish(original: Callable[..., Any], messages: MessagingAggregation) -> Callable[..., Any]:
    """Of either kind of channel. One that fails counts as an attempt with an error, also on a closed channel."""

    @functools.wraps(original)
    def basic_publish(channel: Any, *args: Any, **kwargs: Any) -> Any:
        exchange = args[0] if args else kwargs.get("exchange")
        place = exchange_at(exchange, record_of(channel, messages).server)
        started = perf_counter()
        try:
            result = original(channel, *args, **kwargs)
        except BaseException as error:
            messages.sent(place, error_type(error), perf_counter() - started)
            error.__traceback__ = theirs(error)
            raise
        messages.sent(place, None, perf_counter() - started)
        return result

    return basic_publish
