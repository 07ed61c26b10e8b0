"""Messages that were given to the application and that it has not acknowledged or rejected yet."""

from reduse.distro.sources.messaging.place import Place

# For each channel. Beyond it the oldest is forgotten: its settlement then has no destination.
UNSETTLED_LIMIT = 10_000

REJECTED = "rejected"
REQUEUED = "requeued"


class Delivery:
    """One message and its queue; `error` says that it was rejected or given back."""

    __slots__ = ("error", "place")

    def __init__(self, place: Place) -> None:
        self.place = place
        self.error: str | None = None


class Unsettled:
    """The messages of one channel by delivery tag, in the order of delivery.

    The broker forgets an open tag when the channel closes, and so does this, which goes with the channel.
    """

    __slots__ = ("_deliveries", "_limit")

    def __init__(self, limit: int = UNSETTLED_LIMIT) -> None:
        self._limit = limit
        self._deliveries: dict[int, Delivery] = {}

    def __len__(self) -> int:
        """How many are known to be unsettled."""
        return len(self._deliveries)

    def add(self, tag: int, delivery: Delivery) -> None:
        """A message that has to be settled is given to the application."""
        deliveries = self._deliveries
        if len(deliveries) >= self._limit:
            del deliveries[next(iter(deliveries))]
        deliveries[tag] = delivery

    def place_of(self, tag: int) -> Place | None:
        """The queue of a message; tag 0 means the last one. None when it is not known."""
        if tag == 0 and self._deliveries:
            tag = next(reversed(self._deliveries))
        delivery = self._deliveries.get(tag)
        return delivery.place if delivery is not None else None

    def settle(self, tag: int, error: str | None, *, multiple: bool = False) -> None:
        """The application has settled a message, or (`multiple`) all up to it; tag 0 then means all."""
        tags = [each for each in self._deliveries if tag == 0 or each <= tag] if multiple else [tag]
        for each in tags:
            delivery = self._deliveries.pop(each, None)
            if delivery is not None:
                delivery.error = error
