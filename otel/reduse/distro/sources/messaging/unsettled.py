"""Messages that were given to the application and that it has not acknowledged or rejected yet."""

from reduse.distro.sources.messaging.place import Place

# For each channel. Beyond it the oldest is forgotten: its settlement then has no destination.
UNSETTLED_LIMIT = 10_000

REJECTED = "rejected"
REQUEUED = "requeued"


class Delivery:
    """One message, its queue, and how it goes on.

    `delivered` and `returned`: when the application got it, and when its callback was done with it although it was not
    settled yet; of `perf_counter`. `settled`: nothing more is heard of it. `error` says that it was rejected or given
    back.
    """

    __slots__ = ("delivered", "error", "place", "returned", "settled")

    def __init__(self, place: Place, delivered: float) -> None:
        self.place = place
        self.delivered = delivered
        self.returned: float | None = None
        self.settled = False
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

    def add(self, tag: int, delivery: Delivery) -> Delivery | None:
        """A message that has to be settled is given to the application; the one that is forgotten for it."""
        deliveries = self._deliveries
        forgotten = deliveries.pop(next(iter(deliveries))) if len(deliveries) >= self._limit else None
        deliveries[tag] = delivery
        if forgotten is not None:
            forgotten.settled = True
        return forgotten

    def place_of(self, tag: int) -> Place | None:
        """The queue of a message; tag 0 means the last one. None when it is not known."""
        if tag == 0 and self._deliveries:
            tag = next(reversed(self._deliveries))
        delivery = self._deliveries.get(tag)
        return delivery.place if delivery is not None else None

    def settle(self, tag: int, error: str | None, *, multiple: bool = False) -> list[Delivery]:
        """The application has settled a message, or (`multiple`) all up to it; tag 0 then means all. Gives them."""
        if not multiple:
            delivery = self._deliveries.pop(tag, None)
            ended = [] if delivery is None else [delivery]
        else:
            tags = [each for each in tuple(self._deliveries) if tag == 0 or each <= tag]
            ended = [delivery for each in tags if (delivery := self._deliveries.pop(each, None)) is not None]
        for delivery in ended:
            delivery.error = error
            delivery.settled = True
        return ended
