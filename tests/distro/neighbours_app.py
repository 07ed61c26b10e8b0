"""A service that another product watches already, named by TEST_NEIGHBOUR, as that product's guide says."""

import os
from importlib import import_module

from fastapi import FastAPI, HTTPException

SINK = os.environ["TEST_SINK"]
app = FastAPI()


def sentry() -> None:
    sentry_sdk = import_module("sentry_sdk")
    sentry_sdk.init(dsn=SINK.replace("http://", "http://key@") + "/1", traces_sample_rate=1.0)


def logfire() -> None:
    product = import_module("logfire")
    product.configure(token="pylf_v1_us_test", advanced=product.AdvancedOptions(base_url=SINK))
    product.instrument_fastapi(app)


# ddtrace's needs no line: it is in the command.
{"sentry": sentry, "logfire": logfire}.get(os.environ["TEST_NEIGHBOUR"], lambda: None)()


@app.get("/items/{number}")
async def item(number: int) -> int:
    return number


@app.get("/missing")
async def missing() -> None:
    raise HTTPException(404)


@app.get("/fails")
async def fails() -> None:
    raise RuntimeError("on purpose")
