"""Serves orders from a database to a queue, in the ways that matter to spans; says how many spans the SDK has made."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import fastapi.applications
import pika
import psycopg2
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from opentelemetry import trace
from opentelemetry.sdk import trace as sdk
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

spans_made = 0
_initialize = sdk.Span.__init__


def _count(span: sdk.Span, *args: Any, **kwargs: Any) -> None:
    global spans_made
    spans_made += 1
    _initialize(span, *args, **kwargs)


sdk.Span.__init__ = _count  # type: ignore[assignment,method-assign]


async def thing(request: Request) -> PlainTextResponse:
    if "fail" in request.query_params:
        raise RuntimeError("on purpose")
    return PlainTextResponse(str(request.path_params["key"]))


app = FastAPI()
# Mounted ones: what contrib has put in FastAPI's place, FastAPI itself, and Starlette.
mounted = FastAPI()
native = fastapi.applications.FastAPI()
plain = Starlette(routes=[Route("/things/{key}", thing)])
app.mount("/mounted", mounted)
app.mount("/native", native)
app.mount("/starlette", plain)


@app.get("/spans")
async def read_spans() -> dict[str, Any]:
    return {"made": spans_made, "provider": type(trace.get_tracer_provider()).__name__}


@app.get("/plain")
@mounted.get("/plain")
@native.get("/plain")
async def read_plain() -> str:
    return "plain"


@app.get("/fails")
async def fails() -> None:
    raise RuntimeError("on purpose")


@app.get("/stream")
async def stream() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"part"

    return StreamingResponse(parts())


@contextmanager
def channel() -> Iterator[Any]:
    connection = pika.BlockingConnection(pika.URLParameters(os.environ["TEST_BROKER"]))
    try:
        yield connection.channel()
    finally:
        connection.close()


@app.post("/orders")
def order() -> str:
    database = psycopg2.connect(os.environ["TEST_DATABASE"])
    with database, database.cursor() as cursor:
        cursor.execute("SELECT 1")
    database.close()
    with channel() as opened:
        opened.basic_publish(exchange="orders", routing_key="order.created", body=b"order")
    return "ordered"


@app.get("/orders/consumed")
def consume() -> str:
    """Two messages: one by a callback, one by the generator."""
    with channel() as opened:
        opened.basic_qos(prefetch_count=1)

        def on_message(on: Any, method: Any, _properties: Any, _body: bytes) -> None:
            on.basic_ack(method.delivery_tag)
            on.stop_consuming()

        tag = opened.basic_consume(queue="mes.orders", on_message_callback=on_message)
        opened.start_consuming()
        opened.basic_cancel(tag)
        for method, _properties, _body in opened.consume("mes.orders"):
            opened.basic_ack(method.delivery_tag)
            break
        opened.cancel()
    return "consumed"
