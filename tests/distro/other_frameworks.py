"""Applications of no framework that is measured by itself, with the middleware around them. They need no lifespan."""

import asyncio

from asgiref.wsgi import WsgiToAsgi
from fastapi import FastAPI
from flask import Flask
from werkzeug.exceptions import HTTPException

from reduse.distro.middleware import MetricsMiddleware
from reduse.distro.sources.http.asgi import Receive, Scope, Send


class Route:
    """What a router leaves in the scope."""

    def __init__(self, path: str) -> None:
        self.path = path


async def hello(scope: Scope, _receive: Receive, send: Send) -> None:
    """A plain ASGI function with a route, and routes late."""
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    await asyncio.sleep(0)
    found = scope["path"].startswith("/hello/")
    if found:
        scope["route"] = Route("/hello/{name}")
    if scope["path"] == "/fails":
        raise RuntimeError("on purpose")
    await send({"type": "http.response.start", "status": 200 if found else 404, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


plain = MetricsMiddleware(hello)

flask = Flask(__name__)


@flask.get("/things/<int:number>")
def read_thing(number: int) -> str:
    return str(number)


def rule_of(scope: Scope) -> str | None:
    try:
        rule, _ = flask.url_map.bind("").match(scope["path"], scope["method"], return_rule=True)
    except HTTPException:
        return None
    return str(rule)


wsgi = MetricsMiddleware(WsgiToAsgi(flask), route=rule_of)  # type: ignore[no-untyped-call]

# Measured by itself, and wrapped inside and outside all the same.
framework = FastAPI()
framework.add_middleware(MetricsMiddleware)


@framework.get("/items/{item_id}")
async def read_item(item_id: int) -> int:
    return item_id


twice = MetricsMiddleware(MetricsMiddleware(framework))
