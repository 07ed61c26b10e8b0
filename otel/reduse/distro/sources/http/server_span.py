"""The server span of the request that is being measured, whoever makes it: contrib's, FastAPI's own, another one.

The measurement is outside of the span, which is over when the request is counted. So a span processor, which the SDK
tells of each span that starts, notes it for the request in whose context it starts.
"""

from contextvars import ContextVar
from time import time_ns
from typing import Any

from opentelemetry.trace import SpanContext

from reduse.distro.base.aggregation import Exemplar
from reduse.distro.sources.http.asgi import Call, Receive, Scope, Send

# What FastAPI takes for telemetry of its own that is already under way, and starts none.
FASTAPI_TELEMETRY = "fastapi.telemetry"

_SCOPE_KEY = "reduse.server_span"

_requests: ContextVar["_TracedRequest | None"] = ContextVar("reduse_traced_request", default=None)


class _TracedRequest:
    """One request and the first server span that was started in it."""

    __slots__ = ("_scope", "span")

    def __init__(self, scope: Scope) -> None:
        self._scope: Scope | None = scope
        self.span: SpanContext | None = None

    def started(self, span: SpanContext) -> None:
        if self.span is None and self._scope is not None:
            self.span = span
            # One server span is enough: a FastAPI application that is mounted in a traced one adds none of its own.
            # When the span is FastAPI's, FastAPI sets the key itself next.
            self._scope[FASTAPI_TELEMETRY] = None

    def over(self) -> None:
        """The request has ended: the scope, which holds this, is let go, or both are left to the garbage collector."""
        self._scope = None


def server_span_started(span: SpanContext) -> None:
    """A server span starts, in the context of its request."""
    request = _requests.get()
    if request is not None:
        request.started(span)


def noting_server_span(call: Call) -> Call:
    """`call`, with the server span of its request noted for `exemplar_of`."""

    async def noted(application: Any, scope: Scope, receive: Receive, send: Send) -> None:
        request = scope[_SCOPE_KEY] = _TracedRequest(scope)
        token = _requests.set(request)
        try:
            await call(application, scope, receive, send)
        finally:
            request.over()
            _requests.reset(token)

    return noted


def exemplar_of(scope: Scope, seconds: float) -> Exemplar | None:
    """An exemplar of the request's duration, if it has a server span and that is sampled.

    Source: SDK specification, "ExemplarFilter", TraceBased.
    """
    request = scope.get(_SCOPE_KEY)
    span: SpanContext | None = request.span if request is not None else None
    if span is None or not span.trace_flags.sampled:
        return None
    return Exemplar(seconds, time_ns(), span.trace_id, span.span_id)
