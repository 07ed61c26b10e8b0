"""The application that every subject serves: ten routes, the busy one inside `include_router(prefix)`.

Each factory instruments it as the documentation of a library says. What is instrumented from the outside, by
`opentelemetry-instrument`, takes `bare`.
"""

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from fastapi import APIRouter, FastAPI

ROUTE = "/api/v1/items/{item_id}"
USER_HEADER = "x-user-id"
USERS = 1000

_PAGES = 5


def _page(number: int) -> dict[str, int]:
    return {"page": number}


def _item(item_id: int) -> dict[str, int]:
    return {"item": item_id}


def bare() -> FastAPI:
    """The application without a word about telemetry in it."""
    app = FastAPI()
    router = APIRouter(prefix="/items")

    @router.get("/{item_id}")
    async def read_item(item_id: int) -> dict[str, int]:
        return _item(item_id)

    for number in range(_PAGES):

        async def read_page(page: int = number) -> dict[str, int]:
            return _page(page)

        app.get(f"/pages/{number}")(read_page)
        if number:
            router.get(f"/pages/{number}")(read_page)
    app.include_router(router, prefix="/api/v1")
    return app


def floor() -> Callable[[Any, Any, Any], Awaitable[None]]:
    """The least that can be done from the outside: two looks at the clock, and a count for each method."""
    app = bare()
    counts: dict[str, int] = {}
    seconds: dict[str, float] = {}

    async def measured(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        started = perf_counter()
        try:
            await app(scope, receive, send)
        finally:
            method = scope["method"]
            counts[method] = counts.get(method, 0) + 1
            seconds[method] = seconds.get(method, 0.0) + perf_counter() - started

    return measured


def prometheus_fastapi_instrumentator() -> FastAPI:
    """Its README, "Fast Track"."""
    from prometheus_fastapi_instrumentator import Instrumentator

    app = bare()
    Instrumentator().instrument(app).expose(app)
    return app


def starlette_exporter() -> FastAPI:
    """Its README, "FastAPI"."""
    from starlette_exporter import PrometheusMiddleware, handle_metrics

    app = bare()
    app.add_middleware(PrometheusMiddleware)
    app.add_route("/metrics", handle_metrics)
    return app


def fastapi_telemetry() -> FastAPI:
    """FastAPI's own metrics: on as soon as there is a MeterProvider. Without a TracerProvider it makes no spans."""
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.metrics import set_meter_provider
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    set_meter_provider(MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]))
    return bare()
