"""Queries a database, sends, consumes and rejects messages, forks, as a service without a line of telemetry does."""

import os
import time
from contextlib import suppress
from typing import Any

import pika
import psycopg2
from pika.exceptions import ChannelWrongStateError, NackError, UnroutableError
from psycopg2.pool import PoolError, SimpleConnectionPool, ThreadedConnectionPool

DATABASE = os.environ["TEST_DATABASE"]
BROKER = pika.URLParameters(os.environ["TEST_BROKER"])

# Longer than an interval of exports.
PAUSE_SECONDS = 1


def query() -> None:
    """Five selects in capitals and one in small letters; a query that fails, and one with a value in its first word."""
    database = psycopg2.connect(DATABASE)
    with database, database.cursor() as cursor:
        for number in range(5):
            cursor.execute("SELECT %s", (number,))
        cursor.execute("select 6")
        cursor.execute("SELECT('query-text')")
    with suppress(psycopg2.errors.SyntaxError), database.cursor() as cursor:
        cursor.execute("SELEC 1")
    database.close()


def use_pools() -> None:
    """One pool in use and once exhausted, another gone; a third is for a forked child."""
    pool = ThreadedConnectionPool(1, 2, DATABASE)
    connections = [pool.getconn() for _ in range(2)]
    with suppress(PoolError):
        pool.getconn()
    pool.putconn(connections[0])
    SimpleConnectionPool(1, 7, DATABASE, dbname="template1").closeall()
    childs = ThreadedConnectionPool(0, 3, DATABASE, dbname="template1")
    time.sleep(PAUSE_SECONDS)
    child = os.fork()
    if child == 0:
        connection = childs.getconn()
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
        time.sleep(PAUSE_SECONDS)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    pool.closeall()


def send(channel: Any) -> None:
    """Six messages; then one that no queue takes, one that a full queue refuses, one on a closed channel."""
    channel.confirm_delivery()
    for _ in range(6):
        channel.basic_publish(exchange="orders", routing_key="order.created", body=b"order")
    with suppress(UnroutableError):
        channel.basic_publish("orders", "nobody-listens", b"order", mandatory=True)
    full = {"x-max-length": 1, "x-overflow": "reject-publish"}
    channel.queue_declare("full", exclusive=True, arguments=full)
    channel.basic_publish("", "full", b"first")
    with suppress(NackError):
        channel.basic_publish("", "full", b"second")
    channel.close()
    with suppress(ChannelWrongStateError):
        channel.basic_publish("orders", "order.created", b"order")


def consume(channel: Any) -> None:
    """Five of the six: by a callback that rejects one and fails with one, by the generator, by asking."""
    handled = 0

    def on_message(on: Any, method: Any, *_message: object) -> None:
        nonlocal handled
        handled += 1
        if handled == 1:
            on.basic_reject(method.delivery_tag, requeue=False)
            return
        if handled == 2:
            on.basic_nack(method.delivery_tag)
            raise LookupError
        on.basic_ack(method.delivery_tag)
        if handled == 4:
            on.stop_consuming()

    channel.basic_qos(prefetch_count=1)
    tag = channel.basic_consume(queue="mes.orders", on_message_callback=on_message)
    with suppress(LookupError):
        channel.start_consuming()
    channel.start_consuming()
    channel.basic_cancel(tag)
    for method, _properties, _body in channel.consume("mes.orders"):
        channel.basic_ack(method.delivery_tag)
        channel.cancel()
        break
    method, _properties, _body = channel.basic_get("mes.orders")
    channel.basic_ack(method.delivery_tag)


class Asynchronous:
    """Sends two messages, gets one, gets nothing, consumes the other: on a connection without a blocking layer."""

    QUEUE = "crm.job-status"

    def __init__(self) -> None:
        self.connection = pika.SelectConnection(BROKER, on_open_callback=self.opened)

    def run(self) -> None:
        self.connection.ioloop.start()

    def opened(self, connection: Any) -> None:
        connection.channel(on_open_callback=self.ready)

    def ready(self, channel: Any) -> None:
        self.channel = channel
        for _ in range(2):
            channel.basic_publish("jobs", "job.status", b"status")
        self.later(self.get)

    def later(self, step: Any) -> None:
        self.connection.ioloop.call_later(PAUSE_SECONDS / 2, step)

    def get(self) -> None:
        self.channel.basic_get(self.QUEUE, self.got)

    def got(self, channel: Any, method: Any, _properties: Any, _body: bytes) -> None:
        channel.basic_ack(method.delivery_tag)
        channel.basic_consume(self.QUEUE, self.consumed, auto_ack=True)

    def consumed(self, channel: Any, method: Any, _properties: Any, _body: bytes) -> None:
        channel.basic_cancel(method.consumer_tag)
        channel.add_callback(lambda *_empty: self.later(self.connection.ioloop.stop), [pika.spec.Basic.GetEmpty])
        channel.basic_get(self.QUEUE, lambda *_message: None)


query()
use_pools()
connection = pika.BlockingConnection(BROKER)
send(connection.channel())
consume(connection.channel())
connection.close()
Asynchronous().run()
time.sleep(PAUSE_SECONDS)
