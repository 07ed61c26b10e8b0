"""How orders may move."""

from crm_api.transitions import (
    CLERK_TRANSITIONS,
    PRODUCTION_STATUS,
    UNDER_PRODUCTION,
    JobStatus,
    OrderStatus,
    sources_of,
)


def test_every_status_has_its_rule() -> None:
    assert set(CLERK_TRANSITIONS) == set(OrderStatus)
    assert set(PRODUCTION_STATUS) == set(JobStatus)


def test_a_clerk_never_moves_an_order_to_where_production_does() -> None:
    assert not [target for target in PRODUCTION_STATUS.values() if sources_of(target)]


def test_what_is_ended_stays_so() -> None:
    assert not CLERK_TRANSITIONS[OrderStatus.DELIVERED]
    assert not CLERK_TRANSITIONS[OrderStatus.CANCELLED]
    assert not UNDER_PRODUCTION & {OrderStatus.DELIVERED, OrderStatus.CANCELLED, OrderStatus.SHIPPED}


def test_nothing_is_cancelled_once_it_is_in_production() -> None:
    assert sources_of(OrderStatus.CANCELLED) == [OrderStatus.PLACED, OrderStatus.ACCEPTED]
