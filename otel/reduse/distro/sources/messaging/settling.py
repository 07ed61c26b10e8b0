"""`basic_ack`, `basic_nack` and `basic_reject`: what became of messages. Each call is one operation, however many
messages it settles.
"""

import functools
from collections.abc import Callable
from time import perf_counter
from typing import Any

from reduse.distro.base.semantic_conventions import error_type
from reduse.distro.sources.messaging.aggregation import ACK, NACK, REJECT, MessagingAggregation
from reduse.distro.sources.messaging.channel_record import ChannelRecord, record_of
from reduse.distro.sources.messaging.unsettled import REJECTED, REQUEUED


def measured_ack(original: Callable[..., Any], messages: MessagingAggregation) -> Callable[..., Any]:
    """The messages were processed."""

    @functools.wraps(original)
    def basic_ack(channel: Any, delivery_tag: int = 0, multiple: bool = False) -> Any:
        record = record_of(channel, messages)
        result = _timed(ACK, record, original, channel, delivery_tag, multiple)
        record.settled(delivery_tag, None, multiple=multiple)
        return result

    return basic_ack


def measured_nack(original: Callable[..., Any], messages: MessagingAggregation) -> Callable[..., Any]:
    """The messages go back to their queue, or to its dead-letter exchange."""

    @functools.wraps(original)
    def basic_nack(channel: Any, delivery_tag: int = 0, multiple: bool = False, requeue: bool = True) -> Any:
        record = record_of(channel, messages)
        result = _timed(NACK, record, original, channel, delivery_tag, multiple, requeue)
        record.settled(delivery_tag, REQUEUED if requeue else REJECTED, multiple=multiple)
        return result

    return basic_nack


def measured_reject(original: Callable[..., Any], messages: MessagingAggregation) -> Callable[..., Any]:
    """The message goes back to its queue, or to its dead-letter exchange."""

    @functools.wraps(original)
    def basic_reject(channel: Any, delivery_tag: int = 0, requeue: bool = True) -> Any:
        record = record_of(channel, messages)
        result = _timed(REJECT, record, original, channel, delivery_tag, requeue)
        record.settled(delivery_tag, REQUEUED if requeue else REJECTED)
        return result

    return basic_reject


def _timed(
    operation: str,
    record: ChannelRecord,
    original: Callable[..., Any],
    channel: Any,
    delivery_tag: int,
    *arguments: bool,
) -> Any:
    started = perf_counter()
    try:
        result = original(channel, delivery_tag, *arguments)
    except BaseException as error:
        record.settling(operation, delivery_tag, error_type(error), perf_counter() - started)
        raise
    record.settling(operation, delivery_tag, None, perf_counter() - started)
    return result
