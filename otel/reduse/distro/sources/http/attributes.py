"""Attributes of HTTP server metrics.

Source: OpenTelemetry semantic conventions, "HTTP metrics", `http.server.request.duration`.
"""

OTHER = "_OTHER"

# `error.type` of a request whose application ended without an exception and without a complete response.
INCOMPLETE = "incomplete_response"

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

# RFC 9110, section 15.2: responses below are informational, and a final one follows.
FINAL = 200

# What servers say in `http_version`, as the registry "network" writes it. Others are not reported: the attribute is
# only recommended, and its values stay few.
PROTOCOL_VERSIONS = {"1.0": "1.0", "1.1": "1.1", "2": "2", "2.0": "2", "3": "3", "3.0": "3"}


def error_type(error: BaseException) -> str:
    """The class of an error, with its module unless it is built in."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def request_error(status: int | None, error: BaseException | None, *, complete: bool) -> str | None:
    """`error.type` of a request: the exception, else the status when it is a server error, else nothing.

    A response that was not sent to its end is `incomplete_response`: nearly always the client has gone away. Client
    errors are not errors of a server. Source: semantic conventions, "HTTP spans", Status.
    """
    if error is not None:
        return error_type(error)
    if status is not None and status >= SERVER_ERROR:
        return str(status)
    return None if complete and status is not None else INCOMPLETE
