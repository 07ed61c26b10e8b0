"""Attributes of HTTP server metrics.

Source: OpenTelemetry semantic conventions, "HTTP metrics", `http.server.request.duration`.
"""

from collections.abc import Set as AbstractSet

OTHER = "_OTHER"

# "http.request.method": the methods of RFC 9110, PATCH and QUERY, unless
# OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS replaces them.
KNOWN_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"})

# Advised bucket bounds of `http.server.request.duration` and `messaging.process.duration`, seconds.
DURATION_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)

DURATION_ATTRIBUTES = (
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "url.scheme",
    "network.protocol.version",
    "error.type",
)

ACTIVE_ATTRIBUTES = ("http.request.method", "url.scheme")

SERVER_ERROR = 500


def request_method(method: str, known: AbstractSet[str]) -> str:
    """The method when it is known (case matters), else `_OTHER`."""
    return method if method in known else OTHER


def error_type(error: BaseException) -> str:
    """The class of an error, with its module unless it is built in."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def request_error(status: int | None, error: BaseException | None) -> str | None:
    """`error.type` of a request: the exception, else the status when it is a server error, else nothing.

    An application that ended without a response and without an exception gets `_OTHER`. Client errors are not
    errors of a server ("HTTP spans", Status).
    """
    if error is not None:
        return error_type(error)
    if status is None:
        return OTHER
    return str(status) if status >= SERVER_ERROR else None
