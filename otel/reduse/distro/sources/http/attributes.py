"""Attributes of HTTP server metrics.

Source: OpenTelemetry semantic conventions, "HTTP metrics", `http.server.request.duration`.
"""

from reduse.distro.base.semantic_conventions import error_type

# `error.type` of a request whose application ended without an exception and without a complete response.
INCOMPLETE = "incomplete_response"

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
