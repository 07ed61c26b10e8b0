"""Whatever fails of ours while messages are counted, the service's calls do what they do without us."""

import traceback
from collections.abc import Callable
from typing import Any

import pytest

from reduse.distro.sources.messaging.aggregation import MessagingAggregation
from reduse.distro.sources.messaging.pika_messages import measure_blocking_channels, measure_channels
from tests.distro.fake_pika import BlockingChannel, Channel

WHICH = pytest.mark.parametrize("which", ["asynchronous", "blocking"])


def channels(which: str, messages: MessagingAggregation) -> tuple[Any, Any]:
    """One as it is and one of a class that is measured."""
    inner, blocking = type("Inner", (Channel,), {}), type("Blocking", (BlockingChannel,), {})
    measure_channels(inner, messages)
    measure_blocking_channels(blocking, messages)
    if which == "blocking":
        return BlockingChannel(Channel()), blocking(inner())
    return Channel(), inner()


def refuse(*_anything: object) -> None:
    raise OSError("No space left on device")


def answer(call: Callable[[], Any]) -> tuple[object, ...]:
    """What a call gives, or the exception that it raises with its words and the names of its frames."""
    try:
        return (call(),)
    except BaseException as error:  # noqa: BLE001
        frames = [frame.name for frame in traceback.extract_tb(error.__traceback__)][1:]
        return type(error), str(error).replace("Inner.", "Channel.").replace("Blocking.", "BlockingChannel."), frames


def used(channel: Any, which: str) -> list[tuple[object, ...]]:
    """What each of the calls of a service gives."""
    taken: list[object] = []

    def on_message(_channel: Any, method: Any, _properties: Any, _body: bytes) -> None:
        taken.append(method.delivery_tag)

    def on_bad_message(_channel: Any, method: Any, _properties: Any, _body: bytes) -> None:
        raise KeyError(method.delivery_tag)

    calls: list[Callable[[], Any]] = [
        lambda: channel.basic_publish("orders", "created", b""),
        lambda: channel.basic_publish(exchange="orders", routing_key="created", body=b""),
        lambda: channel.basic_publish(["unhashable"], "created", b""),
        lambda: channel.basic_consume("jobs", on_message),
        lambda: channel.basic_consume(queue="jobs", on_message_callback=on_message, auto_ack=True),
        lambda: channel.basic_consume("jobs", on_bad_message),
        lambda: channel.basic_ack(1),
        lambda: channel.basic_nack(delivery_tag=2, requeue=False),
        lambda: channel.basic_reject("no tag", False),
        lambda: channel.basic_ack(0, True),
    ]
    if which == "blocking":
        calls += [lambda: channel.basic_get("full")[0].delivery_tag, lambda: len(list(channel.consume("jobs")))]
    else:
        calls.append(lambda: channel.basic_get("full", on_message))
    return [*map(answer, calls), (taken,)]


@WHICH
def test_a_first_message_is_sent_once_whatever_becomes_of_its_count(which: str) -> None:
    plain, measured = channels(which, MessagingAggregation(on_first=refuse))
    assert used(measured, which) == used(plain, which)


@WHICH
@pytest.mark.parametrize("part", ["_sent", "_consumed", "_operations", "_process"])
def test_each_call_gives_what_it_gives_without_us_whatever_part_of_ours_fails(which: str, part: str) -> None:
    messages = MessagingAggregation(on_first=lambda: None)
    setattr(messages, part, object())
    plain, measured = channels(which, messages)
    assert used(measured, which) == used(plain, which)


@WHICH
def test_a_channel_that_takes_nothing_of_ours_is_counted_all_the_same(which: str) -> None:
    messages = MessagingAggregation(on_first=lambda: None)
    plain, measured = channels(which, messages)

    def keep_nothing(_self: object, name: str, value: object) -> None:
        if name.startswith("_reduse"):
            raise AttributeError(name)
        object.__setattr__(measured, name, value)

    setattr(type(measured), "__setattr__", keep_nothing)  # noqa: B010 - mypy takes it for another
    assert used(measured, which) == used(plain, which)
    state = messages.collect(1)
    assert state is not None
    assert sum(each.value for each in state.sent) == 3


@WHICH
def test_wrong_arguments_are_refused_in_the_librarys_own_words(which: str) -> None:
    plain, measured = channels(which, MessagingAggregation(on_first=lambda: None))

    def refused(channel: Any) -> list[tuple[object, ...]]:
        return [
            answer(channel.basic_publish),
            answer(lambda: channel.basic_publish("orders")),
            answer(lambda: channel.basic_publish("a", "b", b"", None, 5, 6, 7, 8)),
            answer(channel.basic_consume),
            answer(lambda: channel.basic_consume("jobs", nosuch=1)),
            answer(channel.basic_get),
            answer(lambda: channel.basic_get("jobs", nosuch=1)),
            answer(lambda: channel.basic_nack(nosuch=1)),
            answer(lambda: channel.basic_ack(0, 1, 2, 3)),
        ]

    assert refused(measured) == refused(plain)
