"""Whether a response reached its end, where nothing but its messages tells.

A middleware that runs the application in a task of its own, as Starlette's `BaseHTTPMiddleware` does, ends the stream
properly whose client has left; and an application that only sends is not told of it, because servers drop what they
can no longer deliver. What tells is a `http.disconnect` that was received, and the server's own state. A client that
left before the response began cuts nothing off: such a request counts as the application answers it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

# RFC 9110, sections 15.3.5 and 15.4.5.
_WITHOUT_BODY = frozenset({204, 304})

Message = Mapping[str, Any]


def server_saw_departure(send: Any) -> bool:
    """Whether the server knows that the client has left since the response began.

    uvicorn keeps that beside its `send`; other servers tell nobody.
    """
    server = getattr(send, "__self__", None)
    return getattr(server, "disconnected", False) is True and getattr(server, "response_started", False) is True


def is_whole(method: str, start: Message, sent: int) -> bool:
    """Whether `sent` bytes of a body are all that the client waits for: it may leave before an empty last part.

    `start` is the response's first message. Source: RFC 9112, section 6.3.
    """
    return method == "HEAD" or start["status"] in _WITHOUT_BODY or sent == _announced(start.get("headers", ()))


def _announced(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    for name, value in headers:
        if name.lower() == b"content-length":
            try:
                return int(value)
            except ValueError:
                return None
    return None
