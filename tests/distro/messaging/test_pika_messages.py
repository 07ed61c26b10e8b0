"""Messages are counted where the application sends and settles them, once, with what became of them."""

from typing import Any

import pytest

from reduse.distro.messaging.aggregation import MessagingAggregation, MessagingState
from reduse.distro.messaging.pika_messages import _Patches, destination
from reduse.distro.messaging.unsettled import Unsettled
from tests.distro.fake_pika import UNROUTABLE, BlockingChannel, Channel, Method


@pytest.fixture
def messages() -> MessagingAggregation:
    return MessagingAggregation(clock=lambda: 1, on_first=lambda: None)


def patched(messages: MessagingAggregation) -> tuple[Any, Any]:
    """A channel and a blocking channel of classes that only this test patches."""
    inner, blocking = type("Inner", (Channel,), {}), type("Blocking", (BlockingChannel,), {})
    patches = _Patches(messages)
    patches.channel(inner)
    patches.blocking_channel(blocking)
    return inner(), blocking(inner())


def state(messages: MessagingAggregation) -> MessagingState:
    collected = messages.collect()
    assert collected is not None
    return collected


def counts(states: Any) -> dict[tuple[str, str | None], Any]:
    return {(each.attributes["messaging.destination.name"], each.attributes.get("error.type")): each for each in states}


def values(states: Any) -> dict[tuple[str, str | None], int]:
    return {key: each.value for key, each in counts(states).items()}


def test_a_publish_is_counted_once_by_exchange(messages: MessagingAggregation) -> None:
    inner, blocking = patched(messages)
    blocking.basic_publish(exchange="orders", routing_key="order.created", body=b"")
    blocking.basic_publish("", "reply-5", b"")
    inner.basic_publish("orders", "order.created", b"")
    assert values(state(messages).sent) == {("orders", None): 2, ("(default)", None): 1}


def test_a_publish_that_the_broker_returns_is_an_error(messages: MessagingAggregation) -> None:
    _, blocking = patched(messages)
    with pytest.raises(LookupError):
        blocking.basic_publish("orders", UNROUTABLE, b"")
    assert values(state(messages).sent) == {("orders", "LookupError"): 1}


@pytest.mark.parametrize("which", [0, 1])
def test_consumed_messages_say_what_became_of_them(messages: MessagingAggregation, which: int) -> None:
    channel = patched(messages)[which]

    def work(on: Any, method: Method, _properties: None, _body: bytes) -> None:
        if method.delivery_tag == 1:
            on.basic_ack(1)
        elif method.delivery_tag == 2:
            on.basic_reject(2, requeue=False)
        else:
            on.basic_nack(delivery_tag=3)

    channel.basic_consume(queue="jobs", on_message_callback=work)
    expected = {("jobs", None): 1, ("jobs", "rejected"): 1, ("jobs", "requeued"): 1}
    assert values(state(messages).consumed) == expected
    assert set(counts(state(messages).process)) == set(expected)


def test_a_message_that_is_never_settled_is_not_consumed(messages: MessagingAggregation) -> None:
    """The broker delivers it again; its work was done all the same."""
    _, blocking = patched(messages)

    def fails(*_arguments: Any) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        blocking.basic_consume("jobs", fails)
    assert state(messages).consumed == []
    assert set(counts(state(messages).process)) == {("jobs", "LookupError")}


def test_without_acknowledgement_a_message_is_consumed_when_it_comes(messages: MessagingAggregation) -> None:
    _, blocking = patched(messages)
    blocking.basic_consume("jobs", lambda *_arguments: None, auto_ack=True)
    assert values(state(messages).consumed) == {("jobs", None): 3}


def test_the_generator_counts_like_the_callback(messages: MessagingAggregation) -> None:
    _, blocking = patched(messages)
    for method, _properties, _body in blocking.consume("jobs"):
        if method is not None and method.delivery_tag == 3:
            blocking.basic_ack(3, multiple=True)
    assert values(state(messages).consumed) == {("jobs", None): 3}
    assert sum(sum(each.bucket_counts) for each in state(messages).process) == 3


def test_basic_get_counts_a_message_and_not_an_empty_queue(messages: MessagingAggregation) -> None:
    inner, blocking = patched(messages)
    method, _, _ = blocking.basic_get("full")
    blocking.basic_get("empty")
    blocking.basic_ack(method.delivery_tag)
    inner.basic_get("full", lambda channel, got, *_rest: channel.basic_ack(got.delivery_tag))
    assert values(state(messages).consumed) == {("full", None): 2}


def test_queues_that_the_broker_named_are_one_destination() -> None:
    assert [destination(queue) for queue in ("jobs", "", "amq.gen-x1")] == ["jobs", "(temporary)", "(temporary)"]


def test_beyond_the_bound_messages_are_counted_when_delivered() -> None:
    settled: list[tuple[str, str | None]] = []
    unsettled = Unsettled(lambda queue, error: settled.append((queue, error)), limit=2)
    for tag in (1, 2, 3):
        unsettled.add(tag, "jobs", acknowledged=False)
    assert settled == [("jobs", None)]
    unsettled.settle(0, "rejected", multiple=True)
    unsettled.settle(2, None)
    assert settled == [("jobs", None), ("jobs", "rejected"), ("jobs", "rejected")]
