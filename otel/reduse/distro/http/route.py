"""`http.route`: the template that the router chose, never the path that was asked for.

Routers tell a request's scope little and overwrite it, so the routes themselves note what they are when they are
given a request: a mount its prefix, a route its path below that. Templates and not the `root_path` that a mount adds
to, because a mount may have parameters too, and their values are unbounded. Before them stands the root path that the
server or the outermost application was given ("SHOULD include the application root").

Source: OpenTelemetry semantic conventions, registry "http", `http.route`.
"""

import functools
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

SCOPE_KEY = "reduse.route"

# What Starlette appends to the path of a mount.
_REMAINDER = "/{path}"

Scope = MutableMapping[str, Any]
Handle = Callable[[Any, Scope, Any, Any], Awaitable[None]]


class MatchedRoute:
    """The template so far. None: no route took the request; all such requests count together."""

    __slots__ = ("_prefix", "template")

    def __init__(self) -> None:
        self._prefix = ""
        self.template: str | None = None

    def begin(self, application_root: str) -> None:
        """The first route or mount of the application is about to take the request."""
        self._prefix = application_root.rstrip("/")

    def route(self, path_format: str) -> None:
        """A route of the innermost router took the request."""
        self.template = self._prefix + path_format

    def mount(self, path_format: str) -> None:
        """A mount took the request; what it has no route for counts as the mount's remainder."""
        self._prefix += path_format.removesuffix(_REMAINDER)
        self.template = self._prefix + _REMAINDER


def _note_route(matched: MatchedRoute, route: Any, _scope: Scope) -> None:
    matched.route(route.path_format)


def _note_mount(matched: MatchedRoute, mount: Any, _scope: Scope) -> None:
    matched.mount(mount.path_format)


def _note_api_route(matched: MatchedRoute, route: Any, scope: Scope) -> None:
    # FastAPI keeps the path with the prefixes of `include_router` beside the route, in a context of the scope.
    context = scope.get("fastapi", {}).get("effective_route_context")
    effective = context if context is not None and context.original_route is route else route
    matched.route(effective.path_format)


def _noting(handle: Handle, note: Callable[[MatchedRoute, Any, Scope], None]) -> Handle:
    @functools.wraps(handle)
    def noted(self: Any, scope: Scope, receive: Any, send: Any) -> Awaitable[None]:
        matched = scope.get(SCOPE_KEY)
        if matched is not None:
            if matched.template is None:
                # Starlette keeps it there when a mount has added to the root path.
                root = scope.get("app_root_path")
                matched.begin(scope.get("root_path", "") if root is None else root)
            note(matched, self, scope)
        return handle(self, scope, receive, send)

    noted.reduse_notes = True  # type: ignore[attr-defined]
    return noted


def _patch(owner: Any, note: Callable[[MatchedRoute, Any, Scope], None]) -> None:
    if not getattr(owner.handle, "reduse_notes", False):
        owner.handle = _noting(owner.handle, note)


def note_starlette_routes(routing: Any) -> None:
    """Let the routes and mounts of `starlette.routing` note themselves."""
    _patch(routing.Route, _note_route)
    _patch(routing.Mount, _note_mount)


def note_fastapi_routes(routing: Any) -> None:
    """Let the routes of `fastapi.routing` note themselves."""
    _patch(routing.APIRoute, _note_api_route)
