"""One HTTP request that passes through an ASGI application."""

from collections.abc import Awaitable
from dataclasses import dataclass
from time import perf_counter

from reduse.distro.base.aggregation import Key
from reduse.distro.base.semantic_conventions import OTHER
from reduse.distro.sources.http.aggregation import HttpAggregation
from reduse.distro.sources.http.answered_exception import UNKNOWN, answered_exception
from reduse.distro.sources.http.asgi import Message, Receive, Scope, Send
from reduse.distro.sources.http.attributes import FINAL, PROTOCOL_VERSIONS, SERVER_ERROR, request_error
from reduse.distro.sources.http.departure import is_whole, server_saw_departure
from reduse.distro.sources.http.route import SCOPE_KEY, MatchedRoute
from reduse.distro.sources.http.server_span import exemplar_of
from reduse.distro.sources.users.identity import Identify

# What a body is sent by, the ASGI extensions "Path Send" and "Zero Copy Send" too.
_BODY = frozenset({"http.response.body", "http.response.pathsend", "http.response.zerocopysend"})


@dataclass(frozen=True, slots=True)
class Counting:
    """How requests are counted: where, for whom, under which methods' names, and whether with their spans."""

    http: HttpAggregation
    identify: Identify
    known_methods: frozenset[str]
    exemplars: bool


class MeasuredRequest(MatchedRoute):
    """What a request's scope keeps under SCOPE_KEY: its route, and what is measured of it.

    Counted when the last part of the response is handed to the server, so that background tasks are not in it.

    A server error that is answered while an exception is handled may have that for its `error.type`, or not: where
    that cannot be told from who handles it, the request ends with its response all the same and is counted when the
    application returns.
    """

    __slots__ = (
        "_began",
        "_counting",
        "_disconnected",
        "_method",
        "_receive",
        "_scheme",
        "_scope",
        "_seconds",
        "_send",
        "_sent",
        "_start",
        "is_open",
    )

    def __init__(self, counting: Counting, scope: Scope, receive: Receive, send: Send) -> None:
        # Not by the constructor of a route: that call alone would be dearer than all of this.
        self.prefix = ""
        self.template = self.remainder = self.error = self.user = None
        self.is_open = True
        self._disconnected = False
        # The response's beginning.
        self._start: Message | None = None
        # Bytes of a body that goes out in several parts.
        self._sent: int | None = None
        # Until the response's end.
        self._seconds: float | None = None
        self._counting = counting
        self._scope = scope
        self._receive = receive
        self._send = send
        # As it came: a middleware may change its own scope.
        method = scope["method"]
        self._method: str = method if method in counting.known_methods else OTHER
        self._scheme: str = scope.get("scheme", "http")
        scope[SCOPE_KEY] = self
        counting.http.begin(self)
        self._began = perf_counter()

    @property
    def active_attributes(self) -> Key:
        """Method and scheme."""
        return (self._method, self._scheme)

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
        seconds = perf_counter() - self._began
        status: int | None = None if self._start is None else self._start["status"]
        if status is not None and status < SERVER_ERROR:
            if status >= FINAL:
                # Nearly all requests.
                self._count(seconds, status, self.error)
            else:
                self._count_as(seconds, None, complete=True)
            return
        answered = answered_exception()
        if answered is not UNKNOWN:
            self._count_as(seconds, answered, complete=True)
            return
        self._seconds = seconds
        self._counting.http.deactivate(self)

    def close(self, exception: BaseException | None) -> None:
        """Count the request, if it is not counted yet."""
        if not self.is_open:
            return
        if self._seconds is not None:
            self._count_as(self._seconds, exception, complete=True)
        else:
            complete = self._sent is not None and self._is_whole()
            self._count_as(perf_counter() - self._began, exception, complete=complete)

    def _count_as(self, seconds: float, exception: BaseException | None, *, complete: bool) -> None:
        """Count it with the `error.type` that its end tells, or that the framework has answered by itself."""
        status: int | None = None if self._start is None else self._start["status"]
        if status is not None and status < FINAL:
            status = None
        error = self.error
        if error is None or exception is not None:
            error = request_error(status, exception, complete=complete)
        self._count(seconds, status, error)

    def _count(self, seconds: float, status: int | None, error: str | None) -> None:
        self.is_open = False
        counting, scope, template = self._counting, self._scope, self.template
        counting.http.end(
            self,
            (
                self._method,
                template,
                status,
                self._scheme,
                PROTOCOL_VERSIONS.get(scope.get("http_version", "")),
                error,
            ),
            seconds,
            counting.identify(scope, status, template, template is self.remainder),
            exemplar_of(scope, seconds) if counting.exemplars else None,
        )
