"""The console as an ASGI application."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from reduse.console import runbook_page
from reduse.console.choices import Choices
from reduse.console.definition import definition
from reduse.console.entrance import PATH as ENTRANCE_PATH
from reduse.console.entrance import Entrance, Guarded
from reduse.console.explorer import BusyError, Explorer, Question, Source
from reduse.console.headers import OwnPagesOnly
from reduse.console.hub import FullError, Hub
from reduse.console.refusals import PATH as REFUSALS_PATH
from reduse.console.refusals import Refusals
from reduse.console.topics import Topics
from reduse.errors import StackError
from reduse.monitoring.dashboards.boards import boards
from reduse.monitoring.table import rows
from reduse.recommendation.errors import RecommendationError
from reduse.store.client import QueryError, StoreClient
from reduse.watch.company import Company

STATIC = Path(str(files("reduse.console") / "static"))


@dataclass(frozen=True)
class Console:
    """What the application is about and what it asks; `entrance`: None where everybody may look."""

    company: Company
    client: StoreClient
    source: Source
    entrance: Entrance | None = None
    refusals: Refusals = field(default_factory=Refusals)


def application(console: Console) -> Starlette:
    """One of them for each process: it has a state of its own, which begins with its first viewer."""
    shown = boards(console.company)
    endpoints = _Endpoints(console)
    routes = [
        Route("/", _index),
        Route("/healthz", _healthy),
        Route(REFUSALS_PATH, console.refusals.page),
        Route("/api/definition", endpoints.definition),
        Route("/api/stream", endpoints.stream),
        Route("/api/choices/{uid}", endpoints.choices),
        Route("/api/explore", endpoints.explore),
        Route("/runbooks/{name}", endpoints.runbook),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    middleware = [Middleware(OwnPagesOnly)]
    if console.entrance is not None:
        routes.append(Route(ENTRANCE_PATH, console.entrance.page, methods=["GET", "POST"]))
        middleware.append(Middleware(Guarded, entrance=console.entrance))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        hub = Hub(Topics(console.client, rows(console.company), shown).feed)
        explorer = Explorer(console.source)
        endpoints.hub, endpoints.explorer = hub, explorer
        yield
        await hub.close()
        explorer.close()

    return Starlette(routes=routes, middleware=middleware, lifespan=lifespan)


class _Endpoints:
    hub: Hub
    explorer: Explorer

    def __init__(self, console: Console) -> None:
        self._boards = {board.uid: board for board in boards(console.company)}
        self._choices = Choices(console.client)
        self._definition = json.dumps(definition(console.company), ensure_ascii=False).encode()

    async def definition(self, _request: Request) -> Response:
        return Response(self._definition, media_type="application/json")

    async def stream(self, request: Request) -> Response:
        """Server-sent events of the topics that are named, each whole at first and then with each round."""
        try:
            viewer, leave = self.hub.enter(request.query_params.getlist("topic"))
        except FullError as error:
            return _refused(str(error), 503)
        except ValueError as error:
            return _refused(str(error), 404)

        async def events() -> AsyncIterator[bytes]:
            try:
                # The browser comes back after a second.
                yield b"retry: 1000\n\n"
                async for event in viewer.events():
                    yield event
            finally:
                leave()

        return StreamingResponse(events(), media_type="text/event-stream", headers={"cache-control": "no-store"})

    async def choices(self, request: Request) -> Response:
        board = self._boards.get(request.path_params["uid"])
        if board is None:
            return _refused("there is no such dashboard", 404)
        try:
            found = await run_in_threadpool(self._choices.of, board, dict(request.query_params))
        except QueryError as error:
            return _refused(str(error), 502)
        return JSONResponse(found)

    async def explore(self, request: Request) -> Response:
        try:
            question = Question.read(request.query_params)
            found = await self.explorer.answer(question, request.is_disconnected)
        except ValueError as error:
            return _refused(str(error), 400)
        except BusyError as error:
            return _refused(str(error), 503)
        except (StackError, RecommendationError) as error:
            # The question was right, and this is the answer to it.
            return _refused(str(error), 200)
        return JSONResponse(found)

    async def runbook(self, request: Request) -> Response:
        page = runbook_page.page(request.path_params["name"])
        return PlainTextResponse("There is no such runbook.\n", 404) if page is None else HTMLResponse(page)


async def _index(_request: Request) -> Response:
    return FileResponse(STATIC / "index.html")


async def _healthy(_request: Request) -> Response:
    return PlainTextResponse("up\n")


def _refused(message: str, status: int) -> Response:
    return JSONResponse({"error": message}, status)
