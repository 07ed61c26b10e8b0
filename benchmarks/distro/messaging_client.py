"""Sends and consumes as many messages as it is told: `python -m benchmarks.distro.messaging_client URL`."""

import sys
from typing import Any

import pika

from benchmarks.distro.operation_client import Slice, answer, cpu_nanoseconds_of

# A message all the way; sending it; taking it in a callback, which acknowledges it.
OPERATIONS = ("pika", "pika_publish", "pika_consume")

_BODY = b'{"order": 1}'


def pika_messages(url: str) -> Slice:
    """Publish over one connection, consume over another: what comes in meanwhile waits in its socket."""
    sending: Any = pika.BlockingConnection(pika.URLParameters(url)).channel()
    receiving: Any = pika.BlockingConnection(pika.URLParameters(url))
    consuming = receiving.channel()
    queue = sending.queue_declare("", auto_delete=True).method.queue
    consumed = 0

    def take(channel: Any, method: Any, _properties: Any, _body: bytes) -> None:
        nonlocal consumed
        consumed += 1
        channel.basic_ack(method.delivery_tag)

    def publish(times: int) -> None:
        for _ in range(times):
            sending.basic_publish("", queue, _BODY)

    def consume(times: int) -> None:
        expected = consumed + times
        while consumed < expected:
            receiving.process_data_events(time_limit=None)

    def both(times: int) -> tuple[int, int, int]:
        published = cpu_nanoseconds_of(publish, times)
        # When this is answered the broker has had all messages: seldom does the consumer wait for one.
        sending.queue_declare(queue, passive=True)
        taken = cpu_nanoseconds_of(consume, times)
        return published + taken, published, taken

    consuming.basic_consume(queue, take)
    return both


if __name__ == "__main__":
    answer(pika_messages(sys.argv[1]))
