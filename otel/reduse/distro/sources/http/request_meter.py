"""HTTP requests measured from the outside of ASGI applications, each once, however deep they are nested."""

from collections.abc import Callable
from typing import Any

from reduse.distro.sources.http.aggregation import HttpAggregation
from reduse.distro.sources.http.asgi import Application, Call, Message, Receive, Scope, Send
from reduse.distro.sources.http.measured_request import Counting, MeasuredRequest
from reduse.distro.sources.http.route import SCOPE_KEY
from reduse.distro.sources.http.server_span import noting_server_span
from reduse.distro.sources.http.uvicorn_server import flush_in_thread
from reduse.distro.sources.users.identity import Identify

_SHUTDOWN = ("lifespan.shutdown.complete", "lifespan.shutdown.failed")


class RequestMeter:
    """Measures what passes through an ASGI application: `measure(application, scope, receive, send)`.

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
        self._counting = Counting(http, identify, known_methods, exemplars)
        self._opened = opened
        self._flush = flush
        self._tracing = tracing
        self.measure = self.measuring(_call)

    def measuring(self, call: Call) -> Call:
        """`call` with each request measured that no outer application measures already.

        `call` takes an application, or whatever stands for one, and the three arguments of ASGI.
        """
        counting, http = self._counting, self._counting.http
        outermost = noting_server_span(call) if self._tracing else call

        # A coroutine function, because servers tell ASGI 3 from ASGI 2 by that.
        async def measured(application: Any, scope: Scope, receive: Receive, send: Send) -> None:
            if SCOPE_KEY in scope:
                await call(application, scope, receive, send)
                return
            if scope["type"] != "http":
                if scope["type"] == "lifespan":
                    send = self._flushing_before_shutdown(scope, send)
                await call(application, scope, receive, send)
                return
            if not http.is_open:
                self._opened()
            request = MeasuredRequest(counting, scope, receive, send)
            try:
                await outermost(application, scope, request.receive, request.send)
            except BaseException as error:
                request.close(error)
                raise
            else:
                if request.is_open:
                    request.close(None)
            finally:
                # The server holds the scope, and the request the server's `send`: they would be left to the garbage
                # collector. The key stays, as whoever still has the scope must not be measured as another request.
                scope[SCOPE_KEY] = None

        return measured

    def _flushing_before_shutdown(self, scope: Scope, send: Send) -> Send:
        scope[SCOPE_KEY] = None
        self._opened()

        async def flush_before_shutdown(message: Message) -> None:
            # A server may end by the signal that it got, and then nothing runs at exit: this is the last moment.
            if message["type"] in _SHUTDOWN:
                await flush_in_thread(self._flush)
            await send(message)

        return flush_before_shutdown


async def _call(application: Application, scope: Scope, receive: Receive, send: Send) -> None:
    await application(scope, receive, send)
