"""A service put together: routes, errors, health, and the threads that live as long as it does."""

import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request, Response, status
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from starlette.middleware import Middleware

from foundation.broker import BrokerWorker
from foundation.database import Database, DatabaseUnavailable
from foundation.health import health_router
from foundation.outbox import OutboxRelay

RETRY_AFTER_SECONDS = 1
SHUTDOWN_SECONDS = 5.0

log = logging.getLogger(__name__)


def create_service(
    title: str,
    database: Database,
    workers: Sequence[BrokerWorker],
    routers: Sequence[APIRouter],
    *,
    relay: OutboxRelay | None = None,
    middleware: Sequence[Middleware] = (),
) -> FastAPI:
    """The application; it owns the database and the workers from here on.

    `relay` is one of the workers, for the routes that write to the outbox.
    """
    _set_up_logging()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        for worker in workers:
            worker.start()
        yield
        await run_in_threadpool(_shut_down, workers, database)

    app = FastAPI(title=title, lifespan=lifespan, middleware=list(middleware))
    app.state.database = database
    app.state.relay = relay
    app.add_exception_handler(DatabaseUnavailable, _answer_unavailable)
    app.include_router(health_router(database, workers))
    for router in routers:
        app.include_router(router)
    return app


def unavailable_response(error: Exception) -> Response:
    """503 with Retry-After: the request was fine and may be sent again."""
    log.warning("database unavailable: %s", error)
    return JSONResponse(
        {"detail": "the service cannot reach its database now"},
        status.HTTP_503_SERVICE_UNAVAILABLE,
        {"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


async def _answer_unavailable(_: Request, error: Exception) -> Response:
    return unavailable_response(error)


# A dependency that is a coroutine costs no hop to a thread.
async def _database_of(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def _relay_of(request: Request) -> OutboxRelay:
    relay: OutboxRelay = request.app.state.relay
    return relay


DatabaseOf = Annotated[Database, Depends(_database_of)]
RelayOf = Annotated[OutboxRelay, Depends(_relay_of)]


def _set_up_logging() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Workers say in one line what pika says in ten.
    logging.getLogger("pika").setLevel(logging.CRITICAL)


def _shut_down(workers: Sequence[BrokerWorker], database: Database) -> None:
    deadline = time.monotonic() + SHUTDOWN_SECONDS
    for worker in workers:
        worker.stop()
    for worker in workers:
        if not worker.join(max(0.0, deadline - time.monotonic())):
            log.warning("%s did not stop in %.0f s", worker.name, SHUTDOWN_SECONDS)
    database.close()
