"""A meter in a test, with what it counted, and the ends of an ASGI connection."""

from typing import Any

from reduse.distro.base.semantic_conventions import KNOWN_METHODS
from reduse.distro.sources.http.aggregation import HttpAggregation
from reduse.distro.sources.http.asgi import Message
from reduse.distro.sources.http.request_meter import RequestMeter

Counted = list[tuple[dict[str, Any], int]]


class Measured:
    """A meter, what it counted, and how often it was told to open and flush."""

    def __init__(self, *, tracing: bool = False, exemplars: bool = False) -> None:
        self.http = HttpAggregation(10)
        self.flushed = 0
        self.meter = RequestMeter(
            self.http,
            lambda *_request: None,
            KNOWN_METHODS,
            opened=self.http.open,
            flush=self._flush,
            tracing=tracing,
            exemplars=exemplars,
        )

    def _flush(self) -> None:
        self.flushed += 1

    def counted(self) -> Counted:
        """Attributes and count of each series of durations; no request may be left active."""
        state = self.http.collect(1, 2)
        assert state is not None
        assert [active.value for active in state.active] == [0] * len(state.active)
        return [(series.attributes, sum(series.bucket_counts)) for series in state.durations]


def http_scope(**changes: Any) -> dict[str, Any]:
    """A request as a server describes it."""
    scope = {"type": "http", "method": "GET", "path": "/", "scheme": "https", "http_version": "2", "headers": []}
    return scope | changes


async def ignore(_message: Message) -> None:
    """The server's `send`."""


async def nothing() -> Message:
    """The server's `receive`: a request without a body."""
    return {"type": "http.request", "body": b"", "more_body": False}
