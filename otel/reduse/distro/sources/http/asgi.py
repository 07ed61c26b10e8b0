"""One HTTP request measured from the outside of an ASGI application, once, however deep it is nested."""

from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any

from reduse.distro.base.aggregation import Sum
from reduse.distro.base.semantic_conventions import OTHER
from reduse.distro.sources.http.aggregation import HttpAggregation
from reduse.distro.sources.http.answered_exception import UNKNOWN, answered_exception
from reduse.distro.sources.http.attributes import FINAL, PROTOCOL_VERSIONS, SERVER_ERROR, request_error
from reduse.distro.sources.http.departure import is_whole, server_saw_departure
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
        request = _Request(self, scope, receive, send, method if method in self._known_methods else OTHER)
        try:
            await application(scope, request.receive, request.send)
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

    A server error that is answered while an exception is handled may have that for its `error.type`, or not: where
    that cannot be told from who handles it, the request ends with its response all the same and is counted when the
    application returns.
    """

    __slots__ = (
        "_active",
        "_disconnected",
        "_meter",
        "_method",
        "_receive",
        "_route",
        "_scheme",
        "_scope",
        "_seconds",
        "_send",
        "_sent",
        "_start",
        "_started",
        "is_open",
    )

    def __init__(self, meter: RequestMeter, scope: Scope, receive: Receive, send: Send, method: str) -> None:
        self.is_open = True
        self._disconnected = False
        self._meter = meter
        self._scope = scope
        self._receive = receive
        self._send = send
        self._method = method
        self._scheme: str = scope.get("scheme", "http")
        self._start: Message | None = None
        # Bytes of a body that goes out in several parts.
        self._sent: int | None = None
        self._seconds: float | None = None
        # Not the request itself: the two would be a cycle, and wait for the garbage collector.
        self._route = scope[SCOPE_KEY] = MatchedRoute()
        self._active = meter.http.begin(method, self._scheme)
        self._started = perf_counter()

    async def receive(self) -> Message:
        """Pass a message on; note that the client has left in the middle of the response."""
        message = await self._receive()
        if message["type"] == "http.disconnect" and self._start is not None:
            self._disconnected = True
        return message

    def send(self, message: Message) -> Awaitable[None]:
        """Pass a message on; look only at its kind. A later start takes the place of an informational one."""
        kind = message["type"]
        if kind == "http.response.start":
            self._start = message
        elif kind in _BODY:
            if message.get("more_body", False):
                self._part(message)
            elif self._start is None or not self._start.get("trailers", False):
                self._response_ended()
        elif kind == "http.response.trailers" and not message.get("more_trailers", False):
            self._response_ended()
        return self._send(message)

    def _client_left(self) -> bool:
        return self._disconnected or server_saw_departure(self._send)

    def _part(self, message: Message) -> None:
        sent = 0 if self._sent is None else self._sent
        self._sent = sent if self._client_left() else sent + len(message.get("body") or b"")

    def _is_whole(self) -> bool:
        return self._start is not None and is_whole(self._method, self._start, self._sent or 0)

    def _response_ended(self) -> None:
        if not self.is_open or self._seconds is not None:
            return
        # Not asked of a response in one part, which has no middle.
        if (self._sent is not None or self._disconnected) and self._client_left() and not self._is_whole():
            self.close(None)
            return
        self._seconds = perf_counter() - self._started
        if self._start is not None and self._start["status"] < SERVER_ERROR:
            self.close(None)
            return
        answered = answered_exception()
        if answered is not UNKNOWN:
            self.close(answered)
            return
        self._meter.http.deactivate(self._active)
        self._active = Sum({})

    def close(self, error: BaseException | None) -> None:
        """Count the request, once."""
        if not self.is_open:
            return
        self.is_open = False
        seconds = self._seconds
        complete = seconds is not None or (self._sent is not None and self._is_whole())
        if seconds is None:
            seconds = perf_counter() - self._started
        status: int | None = None if self._start is None else self._start["status"]
        if status is not None and status < FINAL:
            status = None
        scope = self._scope
        route = self._route
        template, told = route.template, route.error
        mounted = template is route.remainder
        series = (
            self._method,
            template,
            status,
            self._scheme,
            PROTOCOL_VERSIONS.get(scope.get("http_version", "")),
            told if told is not None and error is None else request_error(status, error, complete=complete),
        )
        meter = self._meter
        meter.http.end(self._active, series, seconds, meter.identify(scope, status, template, mounted))
        if meter.exemplars:
            exemplar = exemplar_of(scope, seconds)
            if exemplar is not None:
                meter.http.exemplify(series, exemplar)
