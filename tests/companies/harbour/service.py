"""Any service of the harbour: FastAPI, psycopg2 and pika as their documentation shows them, and no OpenTelemetry.

Environment: DATABASE (a libpq connection string), BROKER (an AMQP URL) and QUEUE; each may be missing.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import pika
from fastapi import FastAPI, Header, HTTPException, Response
from psycopg2.extensions import cursor
from psycopg2.pool import ThreadedConnectionPool

app = FastAPI()
DATABASE = os.environ.get("DATABASE")
BROKER = os.environ.get("BROKER")
QUEUE = os.environ.get("QUEUE", "")
CONNECTIONS = 16
LAST_ATTEMPT_SECONDS = 1.0

pool = ThreadedConnectionPool(1, CONNECTIONS, DATABASE) if DATABASE else None


@contextmanager
def connected() -> Iterator[cursor]:
    """A cursor of a connection of the pool."""
    if pool is None:
        raise HTTPException(404)
    connection = pool.getconn()
    try:
        with connection, connection.cursor() as found:
            yield found
    finally:
        pool.putconn(connection)


@app.get("/lebt")
def alive() -> dict[str, str]:
    return {"lebt": "ja"}


@app.get("/stücke/{number}")
def piece(number: int, x_kunde: Annotated[str | None, Header()] = None) -> dict[str, object]:
    """A piece of freight; the customer is who the header names."""
    if x_kunde == "gesperrt":
        raise HTTPException(403)
    if DATABASE:
        with connected() as asked:
            asked.execute("SELECT %s + 0", [number])
            asked.fetchone()
    return {"number": number}


@app.get("/langsam/{milliseconds}")
def slow(milliseconds: int) -> dict[str, int]:
    time.sleep(milliseconds / 1000)
    return {"milliseconds": milliseconds}


@app.get("/warten/{milliseconds}")
def wait(milliseconds: int) -> dict[str, int]:
    """The database takes its time."""
    with connected() as asked:
        asked.execute("SELECT pg_sleep(%s)", [milliseconds / 1000])
    return {"milliseconds": milliseconds}


@app.get("/rechnen/{number}")
def add(number: int) -> dict[str, int]:
    """The service itself takes its time, and its core."""
    return {"sum": sum(range(number))}


@app.get("/kaputt/{status}")
def broken(status: int) -> Response:
    return Response(status_code=status)


def consume() -> None:
    """Take messages until the process ends: `gift` is rejected, everything else is acknowledged."""
    while True:
        try:
            connection = pika.BlockingConnection(pika.URLParameters(BROKER))
            channel = connection.channel()
            channel.basic_qos(prefetch_count=10)
            for method, _, body in channel.consume(QUEUE):
                if body == b"gift":
                    channel.basic_reject(method.delivery_tag, requeue=False)
                else:
                    channel.basic_ack(method.delivery_tag)
        except pika.exceptions.AMQPError:
            time.sleep(LAST_ATTEMPT_SECONDS)


if BROKER:
    threading.Thread(target=consume, daemon=True).start()
