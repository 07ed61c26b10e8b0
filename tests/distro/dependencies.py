"""Queries a database and sends, consumes and rejects messages, as a service without a line of telemetry does."""

import os
import time

import pika
import psycopg2

database = psycopg2.connect(os.environ["TEST_DATABASE"])
with database, database.cursor() as cursor:
    for number in range(5):
        cursor.execute("SELECT %s", (number,))
database.close()

connection = pika.BlockingConnection(pika.URLParameters(os.environ["TEST_BROKER"]))
channel = connection.channel()
channel.confirm_delivery()
for _ in range(6):
    channel.basic_publish(exchange="orders", routing_key="order.created", body=b"order")

settled = 0


def on_message(on: pika.adapters.blocking_connection.BlockingChannel, method: object, *_message: object) -> None:
    global settled
    tag: int = method.delivery_tag  # type: ignore[attr-defined]
    if settled == 0:
        on.basic_reject(tag, requeue=False)
    else:
        on.basic_ack(tag)
    settled += 1
    if settled == 4:
        on.stop_consuming()


channel.basic_qos(prefetch_count=1)
tag = channel.basic_consume(queue="mes.orders", on_message_callback=on_message)
channel.start_consuming()
channel.basic_cancel(tag)
for method, _properties, _body in channel.consume("mes.orders"):
    channel.basic_ack(method.delivery_tag)
    channel.cancel()
    break
method, _properties, _body = channel.basic_get("mes.orders")
channel.basic_ack(method.delivery_tag)
connection.close()
time.sleep(1)
