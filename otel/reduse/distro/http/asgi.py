"""One HTTP request measured from the outside of an ASGI application, once, however deep it is nested."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any

from reduse.distro.http.aggregation import HttpAggregation
from reduse.distro.http.attributes import SERVER_ERROR, request_error, request_method
from reduse.distro.http.route import SCOPE_KEY, MatchedRoute
from reduse.distro.users.identity import Resolver

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_LIFESPAN_KEY = "reduse.lifespan"
_SHUTDOWN = ("lifespan.shutdown.complete", "lifespan.shutdown.failed")


class RequestMeter:
    """Measures what passes through an ASGI application.

    Args:
        http: where requests are counted.
        user_hash: gives the pseudonym of the request's user.
        known_methods: methods that are reported by name.
        opened: called before the first lifespan or request of the process.
        flush: sends what was counted; blocks, for a bounded time.
        own_telemetry: FastAPI's own telemetry stays on, for its spans; its metrics are dropped elsewhere.
    """

    def __init__(
        self,
        http: HttpAggregation,
        user_hash: Resolver,
        known_methods: frozenset[str],
        opened: Callable[[], None],
        flush: Callable[[], None],
        *,
        own_telemetry: bool = False,
    ) -> None:
        self.http = http
        self.user_hash = user_hash
        self._known_methods = known_methods
        self._opened = opened
        self._flush = flush
        self._own_telemetry = own_telemetry

    async def __call__(self, application: Application, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application and measure it, unless an outer application is measured already."""
        kind = scope["type"]
        if kind == "http" and SCOPE_KEY not in scope:
            await self._request(application, scope, receive, send)
        elif kind == "lifespan" and _LIFESPAN_KEY not in scope:
            await self._lifespan(application, scope, receive, send)
        else:
            await application(scope, receive, send)

    async def _request(self, application: Application, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.http.is_open:
            self._opened()
        if not self._own_telemetry:
            # FastAPI takes the key for telemetry that is already under way, and starts none.
            scope["fastapi.telemetry"] = None
        method = request_method(scope["method"], self._known_methods)
        request = _Request(self, scope, send, method)
        error: BaseException | None = None
        try:
            await application(scope, receive, request.send)
        except BaseException as raised:
            error = raised
            raise
        finally:
            request.close(error)

    async def _lifespan(self, application: Application, scope: Scope, receive: Receive, send: Send) -> None:
        scope[_LIFESPAN_KEY] = True
        self._opened()

        async def flush_before_shutdown(message: Message) -> None:
            # uvicorn ends by the signal that it got, so nothing runs at exit: this is the last moment.
            if message["type"] in _SHUTDOWN:
                await _in_thread(self._flush)
            await send(message)

        await application(scope, receive, flush_before_shutdown)


class _Request:
    """Counted when the last part of the response is handed to the server, so that background tasks are not in it.

    A server error is counted when the application returns instead: only then is its exception known.
    """

    __slots__ = (
        "_ended",
        "_meter",
        "_method",
        "_open",
        "_route",
        "_scheme",
        "_scope",
        "_send",
        "_started",
        "_status",
        "_trailers",
    )

    def __init__(self, meter: RequestMeter, scope: Scope, send: Send, method: str) -> None:
        self._meter = meter
        self._scope = scope
        self._send = send
        self._method = method
        self._scheme: str = scope.get("scheme", "http")
        self._status: int | None = None
        self._trailers = False
        self._open = True
        self._ended: float | None = None
        self._route = scope[SCOPE_KEY] = MatchedRoute()
        meter.http.begin(method, self._scheme)
        self._started = perf_counter()

    def send(self, message: Message) -> Awaitable[None]:
        """Pass a message on; look only at its kind."""
        kind = message["type"]
        if kind == "http.response.body":
            if not message.get("more_body", False) and not self._trailers:
                self._response_ended()
        elif kind == "http.response.start":
            self._status = message["status"]
            self._trailers = message.get("trailers", False)
        elif kind == "http.response.pathsend" or (
            kind == "http.response.trailers" and not message.get("more_trailers", False)
        ):
            self._response_ended()
        return self._send(message)

    def _response_ended(self) -> None:
        self._ended = perf_counter()
        if self._status is not None and self._status < SERVER_ERROR:
            self.close(None)

    def close(self, error: BaseException | None) -> None:
        """Count the request, once."""
        if not self._open:
            return
        self._open = False
        ended = self._ended if self._ended is not None else perf_counter()
        series = (
            self._method,
            self._route.template,
            self._status,
            self._scheme,
            self._scope.get("http_version"),
            request_error(self._status, error),
        )
        meter = self._meter
        user = meter.user_hash(self._scope)
        meter.http.end(self._method, self._scheme, series, ended - self._started, user)


async def _in_thread(flush: Callable[[], None]) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        # Another kind of event loop. All requests have ended: nothing is held up by waiting here.
        flush()
    else:
        await asyncio.to_thread(flush)
