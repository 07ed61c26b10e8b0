"""`basic_ack`, `basic_nack` and `basic_reject`: what became of messages. Each call is one operation, however many
messages it settles.
"""

import functools
from collections.abc import Callable
from time import perf_counter
from typing import Any

from reduse.distro.base.semantic_conventions import error_type
from reduse.distro.base.tracebacks import theirs
from reduse.distro.sources.messaging.aggregation import ACK, NACK, REJECT, MessagingAggregation
from reduse.distro.sources.messaging.channel_record import record_of
from reduse.distro.sources.messaging.parameters import Parameters
from reduse.distro.sources.messaging.unsettled import REJECTED, REQUEUED


def measured_ack(original: Callable[..., Any], messages: MessagingAggregation) -> Callable[..., Any]:
    """The messages were processed."""
    return _measured(ACK, original, messages)


def measured_nack(original: Callable[..., Any], messages: MessagingAggregation) -> Callable[..., Any]:
    """The messages go back to their queue, or to its dead-letter exchange."""
    return _measured(NACK, original, messages)


def measured_reject(original: Callable[..., Any], messages: MessagingAggregation) -> Callable[..., Any]:
    """The message goes back to its queue, or to its dead-letter exchange."""
    return _measured(REJECT, original, messages)


def outcome_of(operation: str, requeue: Any) -> str | None:
    """The error of messages that are settled so; None for those that were processed."""
    if operation == ACK:
        return None
    return REQUEUED if requeue else REJECTED


def _measured(operation: str, original: Callable[..., Any], messages: MessagingAggregation) -> Callable[..., Any]:
    given = Parameters(original)

    @functools.wraps(original)
    def settle(channel: Any, *args: Any, **kwargs: Any) -> Any:
        record = record_of(channel, messages)
        tag = given.get(args, kwargs, "delivery_tag")
        started = perf_counter()
        try:
            result = original(channel, *args, **kwargs)
        except BaseException as error:
            record.settling(operation, tag, error_type(error), perf_counter() - started)
            error.__traceback__ = theirs(error)
            raise
        record.settling(operation, tag, None, perf_counter() - started)
        outcome = outcome_of(operation, given.get(args, kwargs, "requeue"))
        record.settled(tag, outcome, multiple=bool(given.get(args, kwargs, "multiple")))
        return result

    return settle
