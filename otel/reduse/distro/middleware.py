"""The measurement for applications of any ASGI framework, as a middleware that one puts around them.

FastAPI and Starlette need none: their applications are measured as they are.

    application = MetricsMiddleware(application, route=lambda scope: scope.get("path_template"))
"""

import logging
from collections.abc import Callable
from typing import Any

from reduse.distro.base.harmless import is_the_services
from reduse.distro.sources.http.applications import process_meter
from reduse.distro.sources.http.asgi import Application, Message, Receive, Scope, Send
from reduse.distro.sources.http.route import SCOPE_KEY

Route = Callable[[Scope], str | None]

_NOT_MEASURED = (
    "reduse: requests are not measured: metrics are switched off, or opentelemetry-instrument did not start the process"
)
_NO_ROUTE = "reduse: the function that returns the route raised %s: such requests count without a route"

_logger = logging.getLogger(__name__)
_warned: set[str] = set()


class MetricsMiddleware:
    """An ASGI 3 application around another, whose HTTP requests it measures.

    It counts where `opentelemetry-instrument` with this distro counts everything else, under the same settings, and
    each request once: inside or around an application that is measured already it adds nothing. Where nothing counts
    (started in another way, OTEL_SDK_DISABLED=true or OTEL_METRICS_EXPORTER=none) it passes everything through and
    logs one warning for the process.

    Args:
        app: the application.
        route: gives the template of the route that took the request, or None when none did; called with the scope
            when the response begins, or has failed to, because frameworks route late. Never the path: that would be a
            series for each. An exception of it is a request without a route, and is logged once. Without it the
            template is `path_format` or `path` of `scope["route"]`, where a framework leaves such an object.
    """

    def __init__(self, app: Application, route: Route | None = None) -> None:
        self._app = app
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and measure it if it is an HTTP request."""
        meter = process_meter()
        if meter is None:
            _warn_once(_NOT_MEASURED)
            await self._app(scope, receive, send)
        else:
            application = self._routed if scope["type"] == "http" else self._app
            await meter.measure(application, scope, receive, send)

    async def _routed(self, scope: Scope, receive: Receive, send: Send) -> None:
        matched = scope[SCOPE_KEY]
        if matched is None:
            # The request has ended already.
            await self._app(scope, receive, send)
            return
        asked = False

        def ask() -> None:
            nonlocal asked
            if not asked:
                asked = True
                template = self._template(scope)
                if template is not None:
                    matched.template = template

        async def ask_and_send(message: Message) -> None:
            ask()
            await send(message)

        try:
            await self._app(scope, receive, ask_and_send)
        finally:
            ask()

    def _template(self, scope: Scope) -> str | None:
        if self._route is None:
            return _template_of(scope.get("route")) if scope[SCOPE_KEY].template is None else None
        try:
            template = self._route(scope)
        except Exception as error:
            # The application's own function must not fail its requests.
            if is_the_services(error):
                raise
            _warn_once(_NO_ROUTE, type(error).__qualname__)
            return None
        return template if isinstance(template, str) else None


def _warn_once(message: str, *arguments: object) -> None:
    if message not in _warned:
        _warned.add(message)
        _logger.warning(message, *arguments)


def _template_of(route: Any) -> str | None:
    for name in ("path_format", "path"):
        template = getattr(route, name, None)
        if isinstance(template, str):
            return template
    return None
