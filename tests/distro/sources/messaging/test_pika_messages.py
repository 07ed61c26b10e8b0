"""Messages are counted where the application sends, gets and settles them, once, with what became of them."""

import functools
import threading
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from reduse.distro.base.aggregation import HistogramState, SumState
from reduse.distro.sources.messaging.aggregation import MessagingAggregation, MessagingState
from reduse.distro.sources.messaging.channel_record import record_of
from reduse.distro.sources.messaging.pika_messages import measure_blocking_channels, measure_channels, measure_hand_over
from tests.distro.fake_pika import SERVER, UNROUTABLE, BlockingChannel, Channel, Connection, Method

BOTH = pytest.mark.parametrize("which", ["asynchronous", "blocking"])

Counted = Counter[tuple[object, object, object]]


@pytest.fixture
def messages() -> MessagingAggregation:
    return MessagingAggregation(on_first=lambda: None)


def patched(messages: MessagingAggregation, which: str) -> Any:
    """A channel of a class that only this test patches."""
    inner, blocking = type("Inner", (Channel,), {}), type("Blocking", (BlockingChannel,), {})
    measure_channels(inner, messages)
    measure_blocking_channels(blocking, messages)
    return blocking(inner()) if which == "blocking" else inner()


def state(messages: MessagingAggregation) -> MessagingState:
    collected = messages.collect(1)
    assert collected is not None
    return collected


def counted(states: Iterable[SumState | HistogramState]) -> Counted:
    """How often, by operation, destination and error."""
    counts: Counted = Counter()
    for each in states:
        name, error = each.attributes.get("messaging.destination.name"), each.attributes.get("error.type")
        number = int(each.value) if isinstance(each, SumState) else sum(each.bucket_counts)
        counts[each.attributes["messaging.operation.name"], name, error] += number
    return counts


@BOTH
def test_a_publish_is_counted_once_by_exchange(messages: MessagingAggregation, which: str) -> None:
    channel = patched(messages, which)
    channel.basic_publish(exchange="orders", routing_key="order.created", body=b"")
    channel.basic_publish("", "reply-5", b"")
    channel.basic_publish("orders", "order.created", b"")
    expected = {("publish", "orders", None): 2, ("publish", "amq.default", None): 1}
    assert counted(state(messages).sent) == expected
    assert counted(state(messages).operations) == expected


def test_a_publish_that_the_broker_returns_is_an_error(messages: MessagingAggregation) -> None:
    channel = patched(messages, "blocking")
    with pytest.raises(LookupError):
        channel.basic_publish("orders", UNROUTABLE, b"")
    assert counted(state(messages).sent) == {("publish", "orders", "LookupError"): 1}
    assert counted(state(messages).operations) == {("publish", "orders", "LookupError"): 1}


@BOTH
def test_what_is_tried_on_a_closed_channel_is_an_error_and_consumes_nothing(
    messages: MessagingAggregation, which: str
) -> None:
    channel = patched(messages, which)
    channel.closed = True
    get = ("full",) if which == "blocking" else ("full", print)
    for name, arguments in {
        "publish": ("orders", "key", b""),
        "get": get,
        "ack": (1,),
        "nack": (1,),
        "reject": (1,),
    }.items():
        with pytest.raises(BrokenPipeError):
            getattr(channel, f"basic_{name}")(*arguments)
    error = "BrokenPipeError"
    assert counted(state(messages).sent) == {("publish", "orders", error): 1}
    assert counted(state(messages).operations) == {
        ("publish", "orders", error): 1,
        ("get", "full", error): 1,
        ("ack", None, error): 1,
        ("nack", None, error): 1,
        ("reject", None, error): 1,
    }
    assert state(messages).consumed == []


@BOTH
def test_consumed_messages_and_what_became_of_them(messages: MessagingAggregation, which: str) -> None:
    channel = patched(messages, which)

    def work(on: Any, method: Method, _properties: None, _body: bytes) -> None:
        if method.delivery_tag == 1:
            on.basic_ack(1)
        elif method.delivery_tag == 2:
            on.basic_reject(2, requeue=False)
        else:
            on.basic_nack(delivery_tag=3)

    channel.basic_consume(queue="jobs", on_message_callback=work)
    assert counted(state(messages).consumed) == {("consume", "jobs", None): 3}
    assert counted(state(messages).process) == {
        ("process", "jobs", None): 1,
        ("process", "jobs", "rejected"): 1,
        ("process", "jobs", "requeued"): 1,
    }
    assert counted(state(messages).operations) == {
        ("ack", "jobs", None): 1,
        ("reject", "jobs", None): 1,
        ("nack", "jobs", None): 1,
    }


@BOTH
def test_a_callback_that_raises_has_processed_its_message_with_an_error(
    messages: MessagingAggregation, which: str
) -> None:
    channel = patched(messages, which)

    def fails(*_arguments: Any) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        channel.basic_consume("jobs", fails)
    assert counted(state(messages).consumed) == {("consume", "jobs", None): 1}
    assert counted(state(messages).process) == {("process", "jobs", "LookupError"): 1}


def test_without_acknowledgement_nothing_is_settled_and_nothing_remembered(messages: MessagingAggregation) -> None:
    channel = patched(messages, "blocking")
    channel.basic_consume("jobs", lambda *_arguments: None, auto_ack=True)
    assert counted(state(messages).consumed) == {("consume", "jobs", None): 3}
    assert counted(state(messages).process) == {("process", "jobs", None): 3}
    assert state(messages).operations == []
    assert len(channel._reduse_record.unsettled) == 0


def test_the_generator_counts_like_the_callback(messages: MessagingAggregation) -> None:
    channel = patched(messages, "blocking")
    for method, _properties, _body in channel.consume("jobs"):
        if method is not None and method.delivery_tag == 2:
            channel.basic_nack(2, multiple=True, requeue=False)
        elif method is not None and method.delivery_tag == 3:
            channel.basic_ack(3)
    assert counted(state(messages).consumed) == {("consume", "jobs", None): 3}
    assert counted(state(messages).process) == {("process", "jobs", None): 1, ("process", "jobs", "rejected"): 2}
    assert counted(state(messages).operations) == {("nack", "jobs", None): 1, ("ack", "jobs", None): 1}


def test_a_generator_that_is_left_has_processed_its_last_message_when_that_is_settled(
    messages: MessagingAggregation,
) -> None:
    channel = patched(messages, "blocking")
    for method, _properties, _body in channel.consume("jobs"):
        if method is not None:
            break
    assert state(messages).process == []
    channel.basic_ack(1)
    assert counted(state(messages).process) == {("process", "jobs", None): 1}


@BOTH
def test_processing_ends_with_the_settlement_when_that_comes_after_the_callback(
    messages: MessagingAggregation, which: str
) -> None:
    channel = patched(messages, which)
    channel.basic_consume("jobs", lambda *_arguments: None)
    assert state(messages).process == []
    channel.basic_nack(1, requeue=False)
    channel.basic_ack(3, multiple=True)
    assert counted(state(messages).process) == {("process", "jobs", "rejected"): 1, ("process", "jobs", None): 2}
    channel.basic_ack(3)
    assert counted(state(messages).process).total() == 3, "what was settled is not settled again"


@BOTH
def test_a_channel_that_closes_gives_back_what_is_open_and_has_processed_it_with_an_error(
    messages: MessagingAggregation, which: str
) -> None:
    channel = patched(messages, which)
    channel.basic_consume("jobs", lambda *_arguments: None)
    channel.basic_ack(1)
    channel.close()
    assert counted(state(messages).process) == {("process", "jobs", None): 1, ("process", "jobs", "requeued"): 2}
    assert len(channel._reduse_record.unsettled) == 0


def test_what_is_forgotten_was_processed_by_its_callback(
    messages: MessagingAggregation,
) -> None:
    channel = patched(messages, "asynchronous")
    record_of(channel, messages).unsettled._limit = 2
    channel.basic_consume("jobs", lambda *_arguments: None)
    assert counted(state(messages).process) == {("process", "jobs", None): 1}
    channel.basic_ack(0, multiple=True)
    assert counted(state(messages).process) == {("process", "jobs", None): 3}


def test_a_message_is_not_processed_while_it_waits_for_its_worker(messages: MessagingAggregation) -> None:
    """Three messages for one thread: what each took is what the thread took for it, all together the whole time."""
    channel = patched(messages, "asynchronous")
    connection = type("Connection", (Connection,), {})
    measure_hand_over(connection)
    loop = connection()
    started = time.perf_counter()
    channel.basic_consume("jobs", lambda *_arguments: None)

    def work() -> None:
        for tag in (1, 2, 3):
            time.sleep(0.02)
            # Something else is handed over in the middle of the work.
            loop.add_callback_threadsafe(lambda: channel.basic_publish("orders", "key", b""))
            time.sleep(0.02)
            loop.add_callback_threadsafe(functools.partial(channel.basic_ack, tag))

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    took = time.perf_counter() - started
    loop.run()
    (series,) = state(messages).process
    assert sum(series.bucket_counts) == 3
    assert 3 * 0.04 <= series.total <= took


def test_a_blocking_get_takes_as_long_for_an_empty_queue_but_consumes_nothing(messages: MessagingAggregation) -> None:
    channel = patched(messages, "blocking")
    method, _, _ = channel.basic_get("full")
    channel.basic_get("empty")
    channel.basic_ack(method.delivery_tag)
    assert counted(state(messages).consumed) == {("get", "full", None): 1}
    assert counted(state(messages).operations) == {
        ("get", "full", None): 1,
        ("get", "empty", None): 1,
        ("ack", "full", None): 1,
    }


def test_an_asynchronous_get_ends_with_the_brokers_answer(messages: MessagingAggregation) -> None:
    channel = patched(messages, "asynchronous")
    for queue in ("full", "empty", "empty", "full"):
        channel.basic_get(queue, lambda on, got, *_rest: on.basic_ack(got.delivery_tag))
    assert counted(state(messages).operations) == {
        ("get", "full", None): 2,
        ("get", "empty", None): 2,
        ("ack", "full", None): 2,
    }
    assert counted(state(messages).consumed) == {("get", "full", None): 2}
    assert counted(state(messages).process) == {("process", "full", None): 2}


def test_attributes_are_those_of_the_convention(messages: MessagingAggregation) -> None:
    channel = patched(messages, "blocking")
    channel.basic_publish("orders", "order.created", b"")
    channel.basic_get("amq.gen-x1")
    channel.basic_get("full", auto_ack=True)
    common = {"messaging.system": "rabbitmq", "server.address": SERVER[0], "server.port": SERVER[1]}
    sent = {"messaging.operation.name": "publish", "messaging.destination.name": "orders"} | common
    got = {"messaging.operation.name": "get", "messaging.destination.name": "full"} | common
    temporary = {"messaging.operation.name": "get", "messaging.destination.template": "amq.gen-{id}"} | common
    collected = state(messages)
    assert [each.attributes for each in collected.sent] == [sent]
    assert [each.attributes for each in collected.consumed] == [got]
    assert [each.attributes for each in collected.operations] == [
        sent | {"messaging.operation.type": "send"},
        temporary | {"messaging.operation.type": "receive"},
        got | {"messaging.operation.type": "receive"},
    ]


def test_the_process_becomes_active_with_its_first_message() -> None:
    first: list[str] = []
    messages = MessagingAggregation(on_first=lambda: first.append("message"))
    channel = patched(messages, "blocking")
    assert messages.collect(1) is None
    channel.basic_publish("orders", "key", b"")
    channel.basic_publish("orders", "key", b"")
    assert first == ["message"]
