"""Messages that were given to the application and that it has not acknowledged or rejected yet."""

from collections.abc import Callable
from typing import Any

# For each channel. What comes beyond is counted when it is delivered, whatever becomes of it.
UNSETTLED_LIMIT = 10_000

REJECTED = "rejected"
REQUEUED = "requeued"

_ATTRIBUTE = "_reduse_unsettled"

Settled = Callable[[str, str | None], None]


class Delivery:
    """One message of a queue; `error` says that it was rejected or given back."""

    __slots__ = ("error", "queue")

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self.error: str | None = None


class Unsettled:
    """The messages of one channel by delivery tag, in the order of delivery.

    `settled` is called once for each message: with its queue, and None when it was acknowledged, else how it was
    refused. A message whose channel closes before is not counted: the broker delivers it again.
    """

    def __init__(self, settled: Settled, limit: int = UNSETTLED_LIMIT) -> None:
        self._settled = settled
        self._limit = limit
        self._deliveries: dict[int, Delivery] = {}

    def add(self, tag: int, queue: str, *, acknowledged: bool) -> Delivery:
        """A message is given to the application; `acknowledged`: the broker already forgot it."""
        delivery = Delivery(queue)
        if acknowledged or len(self._deliveries) >= self._limit:
            self._settled(queue, None)
        else:
            self._deliveries[tag] = delivery
        return delivery

    def settle(self, tag: int, error: str | None, *, multiple: bool = False) -> None:
        """The application settles a message, or (`multiple`) all up to it; tag 0 then means all."""
        tags = [each for each in self._deliveries if tag == 0 or each <= tag] if multiple else [tag]
        for each in tags:
            delivery = self._deliveries.pop(each, None)
            if delivery is not None:
                delivery.error = error
                self._settled(delivery.queue, error)


def unsettled_of(channel: Any, settled: Settled) -> Unsettled:
    """The unsettled messages of a channel, which keeps them and takes them with it when it goes."""
    unsettled: Unsettled | None = getattr(channel, _ATTRIBUTE, None)
    if unsettled is None:
        unsettled = Unsettled(settled)
        setattr(channel, _ATTRIBUTE, unsettled)
    return unsettled


def settle_if_known(channel: Any, tag: int, error: str | None, *, multiple: bool = False) -> None:
    """Settle on a channel that has given messages to the application; others (pika's inner ones) know none."""
    unsettled: Unsettled | None = getattr(channel, _ATTRIBUTE, None)
    if unsettled is not None:
        unsettled.settle(tag, error, multiple=multiple)
