"""Django applications are measured without a line in them, under WSGI and under ASGI.

`http.route` is the path of the URL pattern that Django has matched, from the root on, with a placeholder for each
parameter. The user is whom the application has looked at in `request.user`: nobody is looked up for us.
"""

import functools
import re
import sys
from collections.abc import Callable
from typing import Any

from wrapt import register_post_import_hook

from reduse.distro.base.harmless import is_the_services
from reduse.distro.base.semantic_conventions import error_type
from reduse.distro.sources.http.applications import measure_class, request_meter
from reduse.distro.sources.http.route import SCOPE_KEY, MatchedRoute
from reduse.distro.sources.http.wsgi.environ_scope import AuthenticatedUser
from reduse.distro.sources.http.wsgi.flask_applications import measure_wsgi_class, wsgi_meter
from reduse.distro.sources.instrumentation import Instrumentation, Process

_CONVERTED = re.compile(r"<(?:[^<>:]+:)?([^<>]+)>")
_NAMED_GROUP = re.compile(r"\(\?P<([^<>]+)>")
_ANCHORS = re.compile(r"\\[AZ]|[\^$]")


def template_of(route: str, root: str = "") -> str:
    """The template of a matched route, e.g. `/articles/{year}/` of `articles/<int:year>/`.

    Of a regular expression each outermost group is a placeholder, named or not.
    """
    text = _CONVERTED.sub(r"{\1}", _without_groups(route))
    return f"{root.rstrip('/')}/{_ANCHORS.sub('', text).replace(chr(92), '').lstrip('/')}"


def _without_groups(route: str) -> str:
    """A regular expression with its outermost groups, and what repeats them, as placeholders."""
    if "(" not in route:
        return route
    parts: list[str] = []
    depth = start = 0
    for place, character in enumerate(route):
        if character == "(":
            depth += 1
            start = place if depth == 1 else start
        elif character == ")" and depth:
            depth -= 1
            if depth == 0:
                named = _NAMED_GROUP.match(route, start)
                parts.append(f"{{{named[1]}}}" if named else "{}")
        elif depth == 0 and not (character in "?*+" and parts and parts[-1].endswith("}")):
            parts.append(character)
    return "".join(parts)


def user_of(request: Any) -> AuthenticatedUser | None:
    """Whom the application has authenticated or looked at; `request.user` itself would ask the database."""
    known = vars(request)
    user = known.get("_cached_user") or known.get("_acached_user")
    if user is None:
        # Of a framework on Django that puts its user there itself. A lazy one was not looked at.
        user = known.get("user")
        if user is None or "_wrapped" in vars(user):
            return None
    try:
        return AuthenticatedUser(str(user.pk)) if user.is_authenticated and user.pk is not None else None
    except Exception as raised:
        # Attributes of the application.
        if is_the_services(raised):
            raise
        return None


def _matched(request: Any) -> MatchedRoute | None:
    return _connection(request).get(SCOPE_KEY)  # type: ignore[no-any-return]


def _connection(request: Any) -> Any:
    """The environ or scope of a request."""
    scope = getattr(request, "scope", None)
    return scope if scope is not None else getattr(request, "environ", {})


def follow_requests(handler: Any) -> None:
    """Note the route and the user of each request; `handler` is a class like `BaseHandler`.

    A Django that is older than one of the methods has no routes or users then, and works as it did.
    """
    for name, follow in (
        ("resolve_request", _noting_route),
        ("get_response", _noting_user),
        ("get_response_async", _noting_user_async),
    ):
        original = getattr(handler, name, None)
        if original is not None:
            setattr(handler, name, follow(original))


def _noting_route(resolve: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(resolve)
    def resolve_request(self: Any, request: Any) -> Any:
        match = resolve(self, request)
        route = _matched(request)
        if route is not None:
            connection = _connection(request)
            root = route.prefix or connection.get("SCRIPT_NAME") or connection.get("root_path") or ""
            route.template = template_of(match.route, root)
        return match

    return resolve_request


def _noting_user(respond: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(respond)
    def get_response(self: Any, request: Any) -> Any:
        response = respond(self, request)
        _note_user(request)
        return response

    return get_response


def _noting_user_async(respond: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(respond)
    async def get_response_async(self: Any, request: Any) -> Any:
        response = await respond(self, request)
        _note_user(request)
        return response

    return get_response_async


def _note_user(request: Any) -> None:
    route = _matched(request)
    if route is None:
        return
    route.user = user_of(request)
    scope = getattr(request, "scope", None)
    if scope is not None and route.user is not None:
        scope.setdefault("user", route.user)


def follow_exceptions(signals: Any) -> None:
    """Note the exception that Django answers by itself."""

    def failed(request: Any = None, **_signal: Any) -> None:
        route, error = _matched(request), sys.exception()
        if route is not None and error is not None:
            route.error = error_type(error)

    signals.got_request_exception.connect(failed, weak=False)


def _start(process: Process) -> None:
    wsgi, asgi = wsgi_meter(process), request_meter(process)
    register_post_import_hook(lambda module: follow_requests(module.BaseHandler), "django.core.handlers.base")
    register_post_import_hook(lambda module: measure_wsgi_class(module.WSGIHandler, wsgi), "django.core.handlers.wsgi")
    register_post_import_hook(lambda module: measure_class(module.ASGIHandler, asgi), "django.core.handlers.asgi")
    register_post_import_hook(follow_exceptions, "django.core.signals")


DJANGO_APPLICATIONS = Instrumentation(None, _start, replaces=frozenset({"django"}))
"""Measures Django where it is imported."""
