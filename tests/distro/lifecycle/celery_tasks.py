"""A Celery application: each task queries the database and sends a message with pika."""

import os

import pika
import psycopg2
from celery import Celery

app = Celery("tasks", broker=os.environ.get("TEST_BROKER"))
app.conf.broker_connection_retry_on_startup = True


@app.task  # type: ignore[untyped-decorator]
def work() -> None:
    database = psycopg2.connect(os.environ["TEST_DATABASE"])
    with database, database.cursor() as cursor:
        cursor.execute("SELECT 1")
    database.close()
    connection = pika.BlockingConnection(pika.URLParameters(os.environ["TEST_BROKER"]))
    connection.channel().basic_publish(exchange="orders", routing_key="order.created", body=b"order")
    connection.close()
