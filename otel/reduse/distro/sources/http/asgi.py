"""One HTTP request measured from the outside of an ASGI application, once, however deep it is nested."""

from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any

from reduse.distro.base.semantic_conventions import OTHER
from reduse.distro.sources.http.aggregation import HttpAggregation
from reduse.distro.sources.http.attributes import FINAL, PROTOCOL_VERSIONS, SERVER_ERROR, request_error
from reduse.distro.sources.http.route import SCOPE_KEY, MatchedRoute
from reduse.distro.sources.http.server_span import exemplar_of, noting_server_span
from reduse.distro.sources.http.uvicorn_server import flush_in_thread
from reduse.distro.sources.users.identity import Identify

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_SHUTDOWN = ("lifespan.shutdown.complete", "lifespan.shutdown.failed")

# What a body is sent by, the ASGI extensions "Path Send" and "Zero Copy Send" too.
_BODY = frozenset({"http.response.body", "http.response.pathsend", "http.response.zerocopysend"})


class RequestMeter:
    """Measures what passes through an ASGI application.

    Args:
        http: where requests are counted.
        identify: gives the request's user, as it is reported.
        known_methods: methods that are reported by name.
        opened: called before the first lifespan or request of the process.
        flush: sends what was counted; blocks, for a bounded time.
        tracing: spans are made: by FastAPI where no other does. Without it FastAPI makes none either, unless the
            application has set a provider of its own.
        exemplars: a duration names the span of its request.
    """

    def __init__(
        self,
        http: HttpAggregation,
        identify: Identify,
        known_methods: frozenset[str],
        opened: Callable[[], None],
        flush: Callable[[], None],
        *,
        tracing: bool = False,
        exemplars: bool = False,
    ) -> None:
        self.http = http
        self.identify = identify
        self._known_methods = known_methods
        self._opened = opened
        self._flush = flush
        self._tracing = tracing
        self.exemplars = exemplars

    async def __call__(self, application: Application, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application, and measure what an outer application does not measure already."""
        if scope["type"] != "http" or SCOPE_KEY in scope:
            if scope["type"] == "lifespan" and SCOPE_KEY not in scope:
                send = self._flushing_before_shutdown(scope, send)
            await application(scope, receive, send)
            return
        http = self.http
        if not http.is_open:
            self._opened()
        if self._tracing:
            application = noting_server_span(application)
        method = scope["method"]
        request = _Request(self, scope, send, method if method in self._known_methods else OTHER)
        try:
            await application(scope, receive, request.send)
        except BaseException as error:
            request.close(error)
            raise
        if request.is_open:
            request.close(None)

    def _flushing_before_shutdown(self, scope: Scope, send: Send) -> Send:
        scope[SCOPE_KEY] = None
        self._opened()

        async def flush_before_shutdown(message: Message) -> None:
            # A server may end by the signal that it got, and then nothing runs at exit: this is the last moment.
            if message["type"] in _SHUTDOWN:
                await flush_in_thread(self._flush)
            await send(message)

        return flush_before_shutdown


class _Request:
    """Counted when the last part of the response is handed to the server, so that background tasks are not in it.

    A server error is counted when the application returns instead: only then is its exception known.
    """

    __slots__ = (
        "_active",
        "_meter",
        "_method",
        "_route",
        "_scheme",
        "_scope",
        "_seconds",
        "_send",
        "_started",
        "_status",
        "_trailers",
        "is_open",
    )

    def __init__(self, meter: RequestMeter, scope: Scope, send: Send, method: str) -> None:
        self.is_open = True
        self._meter = meter
        self._scope = scope
        self._send = send
        self._method = method
        self._scheme: str = scope.get("scheme", "http")
        self._status: int | None = None
        self._trailers = False
        self._seconds: float | None = None
        # Not the request itself: the two would be a cycle, and wait for the garbage collector.
        self._route = scope[SCOPE_KEY] = MatchedRoute()
        self._active = meter.http.begin(method, self._scheme)
        self._started = perf_counter()

    def send(self, message: Message) -> Awaitable[None]:
        """Pass a message on; look only at its kind. A later start takes the place of an informational one."""
        kind = message["type"]
        if kind == "http.response.start":
            self._status = message["status"]
            self._trailers = message.get("trailers", False)
        elif kind in _BODY:
            if not message.get("more_body", False) and not self._trailers:
                self._response_ended()
        elif kind == "http.response.trailers" and not message.get("more_trailers", False):
            self._response_ended()
        return self._send(message)

    def _response_ended(self) -> None:
        self._seconds = perf_counter() - self._started
        if self._status is not None and self._status < SERVER_ERROR:
            self.close(None)

    def close(self, error: BaseException | None) -> None:
        """Count the request, once."""
        if not self.is_open:
            return
        self.is_open = False
        seconds = self._seconds
        complete = seconds is not None
        if seconds is None:
            seconds = perf_counter() - self._started
        status = self._status
        if status is not None and status < FINAL:
            status = None
        scope = self._scope
        template = self._route.template
        series = (
            self._method,
            template,
            status,
            self._scheme,
            PROTOCOL_VERSIONS.get(scope.get("http_version", "")),
            request_error(status, error, complete=complete),
        )
        meter = self._meter
        meter.http.end(self._active, series, seconds, meter.identify(scope, status, template))
        if meter.exemplars:
            exemplar = exemplar_of(scope, seconds)
            if exemplar is not None:
                meter.http.exemplify(series, exemplar)
