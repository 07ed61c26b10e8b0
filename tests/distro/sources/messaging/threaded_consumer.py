"""Twenty messages of 50 ms each, worked on in threads, acknowledged or rejected from there; prints what it has done.

Arguments: `one` thread for all, or one `each`; and `blocking` or `select`, the kind of connection.
"""
# ruff: noqa: T201

import functools
import os
import queue
import sys
import threading
import time
from typing import Any

import pika

MESSAGES, SECONDS = 20, 0.05
threads, kind = sys.argv[1:]
parameters = pika.URLParameters(os.environ["TEST_BROKER"])
waiting: "queue.Queue[tuple[Any, Any, int]]" = queue.Queue()
settled = 0


def settle(channel: Any, tag: int) -> None:
    global settled
    if tag % 10 == 0:
        channel.basic_reject(tag, requeue=False)
    else:
        channel.basic_ack(tag)
    settled += 1
    if settled == MESSAGES:
        channel.connection.close() if kind == "select" else channel.stop_consuming()


def work(target: Any, channel: Any, tag: int) -> None:
    time.sleep(SECONDS)
    target.add_callback_threadsafe(functools.partial(settle, channel, tag))


def work_on_all() -> None:
    for _ in range(MESSAGES):
        work(*waiting.get())


def on_message(target: Any, channel: Any, method: Any, _properties: Any, _body: bytes) -> None:
    if threads == "one":
        waiting.put((target, channel, method.delivery_tag))
    else:
        threading.Thread(target=work, args=(target, channel, method.delivery_tag)).start()


def fill() -> None:
    connection = pika.BlockingConnection(parameters)
    channel = connection.channel()
    channel.queue_declare("threaded")
    for _ in range(MESSAGES):
        channel.basic_publish("", "threaded", b"")
    connection.close()


def consume_blocking() -> None:
    connection = pika.BlockingConnection(parameters)
    channel = connection.channel()
    channel.basic_consume("threaded", functools.partial(on_message, connection))
    channel.start_consuming()
    connection.close()


def consume_select() -> None:
    def opened(connection: Any) -> None:
        connection.channel(
            on_open_callback=lambda channel: channel.basic_consume(
                "threaded", functools.partial(on_message, connection.ioloop)
            )
        )

    connection = pika.SelectConnection(
        parameters, on_open_callback=opened, on_close_callback=lambda closed, _reason: closed.ioloop.stop()
    )
    connection.ioloop.start()


fill()
threading.Thread(target=work_on_all, daemon=True).start()
consume_blocking() if kind == "blocking" else consume_select()
print(f"{settled} settled")
