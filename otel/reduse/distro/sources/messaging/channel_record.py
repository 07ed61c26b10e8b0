"""What is remembered of a channel: its server, the messages it has open, the message it asks for."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

from reduse.distro.base.harmless import harmless
from reduse.distro.sources.messaging.aggregation import GET, MessagingAggregation
from reduse.distro.sources.messaging.handing_over import settled, worked_since
from reduse.distro.sources.messaging.place import Place, server_of, somewhere_at
from reduse.distro.sources.messaging.unsettled import REQUEUED, Delivery, Unsettled

_ATTRIBUTE = "_reduse_record"
INNER = "_reduse_is_inner"


class ChannelRecord:
    """Kept by the channel and gone with it. None of what it is told fails."""

    __slots__ = ("_hear_of_close", "asked", "hears_answers", "messages", "server", "unsettled")

    def __init__(self, messages: MessagingAggregation, channel: Any) -> None:
        self.messages = messages
        self.server = server_of(channel)
        self.unsettled = Unsettled()
        # The queue that a message was asked of, and since when; pika has at most one such question open.
        self.asked: tuple[Place, float] | None = None
        self.hears_answers = False
        self._hear_of_close = _close_of(channel)

    def delivered(self, operation: str, tag: int, place: Place, *, acknowledged: bool) -> Delivery:
        """A message is given to the application; `acknowledged`: the broker has forgotten it already."""
        self.messages.consumed(operation, place)
        delivery = Delivery(place, perf_counter())
        if acknowledged:
            delivery.settled = True
        else:
            self._keep(tag, delivery)
        return delivery

    @harmless
    def _keep(self, tag: int, delivery: Delivery) -> None:
        forgotten = self.unsettled.add(tag, delivery)
        if forgotten is not None and forgotten.returned is not None:
            self.messages.processed(forgotten.place, None, forgotten.returned - forgotten.delivered)

    @harmless
    def returned(self, delivery: Delivery, error: str | None) -> None:
        """The application's callback has returned, or raised `error`, or its loop asks for the next message.

        What is not settled then is worked on elsewhere until it is.
        """
        now = perf_counter()
        if delivery.settled or error is not None:
            self.messages.processed(delivery.place, error or delivery.error, now - delivery.delivered)
            return
        delivery.returned = now
        if self._hear_of_close is not None:
            hear, self._hear_of_close = self._hear_of_close, None
            hear(self.closed)

    @harmless
    def settled(self, tag: int, error: str | None, *, multiple: bool = False) -> None:
        """A settlement was sent: of messages whose callbacks have returned before, it ends the processing."""
        for delivery in self.unsettled.settle(tag, error, multiple=multiple):
            if delivery.returned is not None:
                self.messages.processed(delivery.place, error, worked_since(delivery.delivered))
        settled()

    @harmless
    def closed(self, *_reason: Any) -> None:
        """The channel is closed: the broker gives what was not settled to somebody else."""
        for delivery in self.unsettled.settle(0, REQUEUED, multiple=True):
            if delivery.returned is not None:
                self.messages.processed(delivery.place, REQUEUED, perf_counter() - delivery.delivered)

    @harmless
    def answered(self, _frame: Any = None) -> None:
        """The broker has answered the open question, with a message or without."""
        if self.asked is not None:
            (place, asked_at), self.asked = self.asked, None
            self.messages.operated(GET, place, None, perf_counter() - asked_at)

    @harmless
    def settling(self, operation: str, tag: int, error: str | None, seconds: float) -> None:
        """A settlement was sent, or could not be; before `unsettled` forgets the messages."""
        place = self.unsettled.place_of(tag) or somewhere_at(self.server)
        self.messages.operated(operation, place, error, seconds)


def _close_of(channel: Any) -> Callable[[Callable[..., None]], Any] | None:
    """What has a function called when the channel closes: of a blocking one its inner one, of aiormq's a future."""
    hear = getattr(getattr(channel, "_impl", channel), "add_on_close_callback", None)
    return hear if hear is not None else getattr(getattr(channel, "closing", None), "add_done_callback", None)


def record_of(channel: Any, messages: MessagingAggregation) -> ChannelRecord:
    """The record of a channel; made at its first use. One that takes none has a new one each time."""
    return _kept(channel, messages) or ChannelRecord(messages, None)


@harmless
def _kept(channel: Any, messages: MessagingAggregation) -> ChannelRecord:
    record: ChannelRecord | None = getattr(channel, _ATTRIBUTE, None)
    if record is None:
        # Every measured call of a blocking channel comes by here first. The cookie that pika gives an inner channel
        # does not do for a mark: it is gone when the channel is closed.
        inner = getattr(channel, "_impl", None)
        if inner is not None:
            setattr(inner, INNER, True)
        record = ChannelRecord(messages, channel)
        setattr(channel, _ATTRIBUTE, record)
    return record
