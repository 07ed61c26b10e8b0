"""The route is a template, with every prefix, and never the path that was asked for."""

import asyncio

import fastapi.routing
import httpx
import pytest
import starlette.routing
from fastapi import FastAPI

from reduse.distro.sources.http import route
from reduse.distro.sources.http.asgi import Receive, Scope, Send
from reduse.distro.sources.http.root_path import ROOTS, RootPaths
from reduse.distro.sources.http.route import SCOPE_KEY, MatchedRoute, note_fastapi_routes, note_starlette_routes
from tests.distro.example_app import app


def template_of(path: str, method: str = "GET", application: FastAPI = app, root_path: str = "") -> str | None:
    note_starlette_routes(starlette.routing)
    note_fastapi_routes(fastapi.routing)
    matched = MatchedRoute()

    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        scope[SCOPE_KEY] = matched
        await application(scope, receive, send)

    async def main() -> None:
        transport = httpx.ASGITransport(noted, raise_app_exceptions=False, root_path=root_path)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            await client.request(method, path)

    asyncio.run(main())
    return matched.template


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/plain", "/plain"),
        ("/api/v1/items/5", "/api/v1/items/{item_id}"),
        ("/api/v1/items/not-a-number", "/api/v1/items/{item_id}"),
        ("/sub/direct/x", "/sub/direct/{key}"),
        ("/sub/inner/x", "/sub/inner/{key}"),
        ("/sub/unknown/x", "/sub/{path}"),
        ("/starlette/things/x", "/starlette/things/{key}"),
        ("/starlette/rooms/7/things/8", "/starlette/rooms/{room}/things/{key}"),
        ("/starlette/rooms/7/unknown", "/starlette/rooms/{room}/{path}"),
        ("/route/x", "/route/{key}"),
        ("/openapi.json", "/openapi.json"),
        ("/unknown/7", None),
    ],
)
def test_template(path: str, template: str | None) -> None:
    assert template_of(path) == template


def test_a_method_that_is_not_allowed_still_has_its_route() -> None:
    assert template_of("/api/v1/items/5", "DELETE") == "/api/v1/items/{item_id}"


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/plain", "/base/plain"),
        ("/sub/inner/x", "/base/sub/inner/{key}"),
        ("/starlette/rooms/7/things/8", "/base/starlette/rooms/{room}/things/{key}"),
        ("/sub/unknown/x", "/base/sub/{path}"),
        ("/unknown/7", None),
    ],
)
def test_the_root_path_of_the_server_comes_first(path: str, template: str | None) -> None:
    assert template_of(f"/base{path}", root_path="/base") == template


def test_the_root_path_of_the_application_comes_first() -> None:
    """A proxy has taken the prefix off the path."""
    rooted = FastAPI()
    rooted.root_path = "/base/"

    @rooted.get("/things/{key}")
    async def thing(key: str) -> str:
        return key

    assert template_of("/things/5", application=rooted) == "/base/things/{key}"


def test_routes_are_patched_once() -> None:
    note_starlette_routes(starlette.routing)
    handle = starlette.routing.Route.handle
    note_starlette_routes(starlette.routing)
    assert starlette.routing.Route.handle is handle


def test_a_root_path_from_a_header_gives_a_bounded_number_of_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an application does it that believes `X-Forwarded-Prefix`: whoever sends to it may write anything there."""
    monkeypatch.setattr(route, "believed_root", RootPaths().believed)
    templates = {template_of("/plain", root_path=f"/made-up/{number}") for number in range(50)}
    assert templates == {"/plain", *(f"/made-up/{number}/plain" for number in range(ROOTS))}
