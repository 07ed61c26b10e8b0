"""What is open on a channel is known by its tag, within a bound."""

from reduse.distro.sources.messaging.place import Place
from reduse.distro.sources.messaging.unsettled import Delivery, Unsettled

JOBS: Place = ("jobs", None, None, None)
ORDERS: Place = ("orders", None, None, None)


def opened(*places: Place, limit: int = 10) -> tuple[Unsettled, list[Delivery]]:
    unsettled = Unsettled(limit)
    deliveries = [Delivery(place, 0.0) for place in places]
    for tag, delivery in enumerate(deliveries, start=1):
        unsettled.add(tag, delivery)
    return unsettled, deliveries


def test_one_message_is_settled_by_its_tag() -> None:
    unsettled, deliveries = opened(JOBS, ORDERS)
    unsettled.settle(2, "rejected")
    assert [delivery.error for delivery in deliveries] == [None, "rejected"]
    assert (unsettled.place_of(1), unsettled.place_of(2)) == (JOBS, None)


def test_several_are_settled_up_to_a_tag_and_all_by_tag_0() -> None:
    unsettled, deliveries = opened(JOBS, JOBS, ORDERS, JOBS)
    unsettled.settle(2, "requeued", multiple=True)
    assert [delivery.error for delivery in deliveries] == ["requeued", "requeued", None, None]
    assert unsettled.place_of(0) == JOBS, "the last one"
    unsettled.settle(0, None, multiple=True)
    assert len(unsettled) == 0
    assert unsettled.place_of(0) is None


def test_beyond_the_bound_the_oldest_is_forgotten() -> None:
    unsettled, deliveries = opened(JOBS, JOBS, ORDERS, limit=2)
    assert len(unsettled) == 2
    assert unsettled.place_of(1) is None
    unsettled.settle(1, "rejected")
    assert (deliveries[0].error, deliveries[0].settled) == (None, True)
