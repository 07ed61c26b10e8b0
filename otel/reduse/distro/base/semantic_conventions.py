"""What several instrumentations take from OpenTelemetry's semantic conventions."""

OTHER = "_OTHER"

# "http.request.method": the methods of RFC 9110, PATCH and QUERY, unless
# OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS replaces them.
KNOWN_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"})

# Advised bucket bounds of `http.server.request.duration` and `messaging.process.duration`, seconds.
DURATION_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)


def error_type(error: BaseException) -> str:
    """`error.type`: the class of an error, with its module unless it is built in."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
