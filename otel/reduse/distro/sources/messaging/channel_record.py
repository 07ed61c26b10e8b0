"""What is remembered of a channel: its server, the messages it has open, the message it asks for."""

from time import perf_counter
from typing import Any

from reduse.distro.sources.messaging.aggregation import GET, MessagingAggregation
from reduse.distro.sources.messaging.place import Place, server_of, somewhere_at
from reduse.distro.sources.messaging.unsettled import Delivery, Unsettled

_ATTRIBUTE = "_reduse_record"
INNER = "_reduse_is_inner"


class ChannelRecord:
    """Kept by the channel and gone with it."""

    __slots__ = ("asked", "hears_answers", "messages", "server", "unsettled")

    def __init__(self, messages: MessagingAggregation, channel: Any) -> None:
        self.messages = messages
        self.server = server_of(channel)
        self.unsettled = Unsettled()
        # The queue that a message was asked of, and since when; pika has at most one such question open.
        self.asked: tuple[Place, float] | None = None
        self.hears_answers = False

    def delivered(self, operation: str, tag: int, place: Place, *, acknowledged: bool) -> Delivery:
        """A message is given to the application; `acknowledged`: the broker has forgotten it already."""
        self.messages.consumed(operation, place)
        delivery = Delivery(place)
        if not acknowledged:
            self.unsettled.add(tag, delivery)
        return delivery

    def answered(self, _frame: Any = None) -> None:
        """The broker has answered the open question, with a message or without."""
        if self.asked is not None:
            (place, asked_at), self.asked = self.asked, None
            self.messages.operated(GET, place, None, perf_counter() - asked_at)

    def settling(self, operation: str, tag: int, error: str | None, seconds: float) -> None:
        """A settlement was sent, or could not be; before `unsettled` forgets the messages."""
        place = self.unsettled.place_of(tag) or somewhere_at(self.server)
        self.messages.operated(operation, place, error, seconds)


def record_of(channel: Any, messages: MessagingAggregation) -> ChannelRecord:
    """The record of a channel; made at its first use."""
    record: ChannelRecord | None = getattr(channel, _ATTRIBUTE, None)
    if record is None:
        record = ChannelRecord(messages, channel)
        setattr(channel, _ATTRIBUTE, record)
        # Every measured call of a blocking channel comes by here first. The cookie that pika gives an inner channel
        # does not do for a mark: it is gone when the channel is closed.
        inner = getattr(channel, "_impl", None)
        if inner is not None:
            setattr(inner, INNER, True)
    return record
