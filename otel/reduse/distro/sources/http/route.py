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

from reduse.distro.sources.http.root_path import believed_root

SCOPE_KEY = "reduse.route"

# What Starlette appends to the path of a mount.
_REMAINDER = "/{path}"

Scope = MutableMapping[str, Any]
Handle = Callable[[Any, Scope, Any, Any], Awaitable[None]]


class MatchedRoute:
    """What a request's scope keeps under SCOPE_KEY.

    `template` is None as long as no route took the request; all such requests count together. `prefix` stands before
    the path of the next route. `remainder` is the very template of the last mount, which stays that of the request
    where no route within the mount takes it. `error` is the `error.type` of an exception that the framework answers by
    itself, `user` whom it has authenticated, where it tells.
    """

    __slots__ = ("error", "prefix", "remainder", "template", "user")

    def __init__(self) -> None:
        self.prefix = ""
        self.template: str | None = None
        self.remainder: str | None = None
        self.error: str | None = None
        self.user: Any = None


def _note_route(matched: MatchedRoute, route: Any, _scope: Scope) -> None:
    matched.template = matched.prefix + route.path_format


def _note_mount(matched: MatchedRoute, mount: Any, _scope: Scope) -> None:
    """What the mount has no route for counts as its remainder."""
    matched.prefix += mount.path_format.removesuffix(_REMAINDER)
    matched.template = matched.remainder = matched.prefix + _REMAINDER


def _note_api_route(matched: MatchedRoute, route: Any, scope: Scope) -> None:
    # FastAPI keeps the path with the prefixes of `include_router` beside the route, in a context of the scope.
    context = scope["fastapi"].get("effective_route_context") if "fastapi" in scope else None
    effective = context if context is not None and context.original_route is route else route
    matched.template = matched.prefix + effective.path_format


def _noting(handle: Handle, note: Callable[[MatchedRoute, Any, Scope], None]) -> Handle:
    @functools.wraps(handle)
    def noted(self: Any, scope: Scope, receive: Any, send: Any) -> Awaitable[None]:
        matched = scope.get(SCOPE_KEY)
        if matched is not None:
            if matched.template is None:
                # Starlette keeps the first one there when a mount has added to it.
                root = scope.get("app_root_path", scope.get("root_path", ""))
                matched.prefix = believed_root(root) if root else ""
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
