"""A response whose client leaves in its middle is told from one that was sent to its end, whatever stands between."""

import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence

import httpx
import pytest

from reduse.distro.sources.http.departure import is_whole
from tests.distro.servers import Server
from tests.distro.sources.http.streaming_app import LARGE
from tests.otlp_receiver import OtlpReceiver
from tests.waiting import PATIENCE_SECONDS

DURATION = "http.server.request.duration"
SHAPE = ("http.route", "http.response.status_code", "error.type")


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as started:
        yield started


def outcomes(receiver: OtlpReceiver) -> Counter[tuple[object, ...]]:
    counts: Counter[tuple[object, ...]] = Counter()
    for point in receiver.latest(DURATION):
        counts[tuple(point.attributes.get(name) for name in SHAPE)] += int(point.value)
    return counts


def leave(port: int, path: str, after: bytes = b"") -> None:
    """Ask, and close the connection when `after` has come, or a moment after the question."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        received = b""
        while after not in received:
            received += connection.recv(1024)
        if not after:
            # The request must have reached the application before its client is gone.
            time.sleep(0.1)


@pytest.mark.server
@pytest.mark.parametrize("http", ["httptools", "h11"])
@pytest.mark.parametrize("application", ["plain", "once", "twice"])
def test_a_stream_whose_client_leaves_is_incomplete_behind_any_middleware(
    receiver: OtlpReceiver, application: str, http: str
) -> None:
    """What the client got in full is complete, although it left at once; so is what it did not wait to begin."""
    module = "tests.distro.sources.http.streaming_app"
    command = ["uvicorn", f"{module}:{application}", "--port={port}", "--no-access-log", f"--http={http}"]
    with Server(receiver.endpoint, command) as service:
        leave(service.port, "/endless", after=b"data: part")
        leave(service.port, "/events", after=b"data: part")
        leave(service.port, "/large", after=b"\r\n\r\n")
        leave(service.port, "/announced", after=b"whole")
        leave(service.port, "/slow")
        assert httpx.get(f"{service.url}/parts", timeout=PATIENCE_SECONDS).text == "data: part\n\n" * 3
        assert len(httpx.get(f"{service.url}/large", timeout=PATIENCE_SECONDS).content) == LARGE
        receiver.wait_for(lambda r: r.total(DURATION) == 7)
    assert outcomes(receiver) == {
        ("/endless", 200, "incomplete_response"): 1,
        ("/events", 200, "incomplete_response"): 1,
        ("/large", 200, "incomplete_response"): 1,
        ("/large", 200, None): 1,
        ("/announced", 200, None): 1,
        ("/slow", 200, None): 1,
        ("/parts", 200, None): 1,
    }
    assert receiver.total("http.server.active_requests") == 0


@pytest.mark.parametrize(
    ("method", "status", "headers", "whole"),
    [
        ("GET", 200, (), False),
        ("GET", 200, [(b"Content-Length", b"6")], True),
        ("GET", 200, [(b"content-length", b"9")], False),
        ("GET", 200, [(b"content-length", b"many")], False),
        ("HEAD", 200, [(b"content-length", b"9")], True),
        ("GET", 304, [(b"content-length", b"9")], True),
    ],
)
def test_a_client_that_has_all_that_it_waits_for_may_leave(
    method: str, status: int, headers: Sequence[tuple[bytes, bytes]], whole: bool
) -> None:
    assert is_whole(method, {"status": status, "headers": headers}, 6) is whole
