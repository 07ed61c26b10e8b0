"""Requests to a service, for as long as a fault needs them."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from reduse import web_client
from reduse.stack.drill.threads import meanwhile

TIMEOUT_SECONDS = 10


@contextmanager
def requests(
    method: str,
    url: str,
    *,
    rate: float,
    threads: int = 4,
    headers: Mapping[str, str] | None = None,
    json: object = None,
) -> Iterator[None]:
    """Send this request `rate` times a second until the block ends, or more slowly where answers are awaited."""

    def send(ending: threading.Event) -> None:
        pause = threads / rate
        due = time.monotonic()
        with web_client.own(timeout=TIMEOUT_SECONDS, headers=headers) as client:
            while not ending.wait(max(0.0, due - time.monotonic())):
                due = max(due + pause, time.monotonic() - pause)
                try:
                    client.request(method, url, json=json)
                except httpx.HTTPError:
                    # What becomes of it is what the service's own metrics tell.
                    continue

    with meanwhile(send, threads):
        yield
