"""What the real uvicorn makes of clients that leave, of proxies, and of applications put together in many ways."""

import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.distro.servers import Server
from tests.otlp_receiver import OtlpReceiver
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.server

DURATION = "http.server.request.duration"
MODULE = "tests.distro.sources.http.edge_app"
SHAPE = ("http.request.method", "http.route", "http.response.status_code", "error.type")


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as started:
        yield started


def serving(receiver: OtlpReceiver, application: str, *arguments: str, **changes: str) -> Server:
    command = ["uvicorn", f"{MODULE}:{application}", "--port={port}", "--no-access-log", *arguments]
    return Server(receiver.endpoint, command, **changes)


def outcomes(receiver: OtlpReceiver) -> dict[tuple[object, ...], float]:
    """Counts by method, route, status and error."""
    return {tuple(point.attributes.get(name) for name in SHAPE): point.value for point in receiver.latest(DURATION)}


def leave(service: Server, request: bytes, after: bytes = b"") -> None:
    """Send a request and close the connection, when `after` has come or at once."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(request)
        received = b""
        while after not in received:
            received += connection.recv(1024)
        # The request must have reached the application before its client is gone.
        time.sleep(0.1)


@pytest.mark.parametrize("http", ["httptools", "h11"])
def test_clients_that_leave_are_counted(receiver: OtlpReceiver, http: str) -> None:
    """Before the response: with the answer that the application gives; in it: as cut off; in the body: as it fails."""
    with serving(receiver, "app", f"--http={http}") as service:
        leave(service, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        leave(service, b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n", after=b"part")
        leave(service, b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
        receiver.wait_for(lambda r: r.total(DURATION) == 3)
    assert outcomes(receiver) == {
        ("GET", "/slow", 200, None): 1,
        ("GET", "/endless", 200, "incomplete_response"): 1,
        ("POST", "/body", 500, "starlette.requests.ClientDisconnect"): 1,
    }
    assert receiver.total("http.server.active_requests") == 0


def test_head_versions_schemes_and_methods_are_those_of_the_request(receiver: OtlpReceiver) -> None:
    with serving(receiver, "app", "--http=h11") as service:
        httpx.head(f"{service.url}/things/4")
        leave(service, b"GET /things/4 HTTP/1.0\r\n\r\n", after=b"\r\n\r\n")
        httpx.get(f"{service.url}/things/4", headers={"X-Forwarded-Proto": "https"}, timeout=PATIENCE_SECONDS)
        leave(service, b"get /things/4 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", after=b"\r\n\r\n")
    names = ("http.request.method", "network.protocol.version", "url.scheme")
    assert sorted(tuple(point.attributes[name] for name in names) for point in receiver.latest(DURATION)) == [
        ("GET", "1.0", "http"),
        ("GET", "1.1", "https"),
        ("HEAD", "1.1", "http"),
        ("_OTHER", "1.1", "http"),
    ]
    active = {tuple(sorted(point.attributes.items())) for point in receiver.latest("http.server.active_requests")}
    assert (("http.request.method", "GET"), ("url.scheme", "https")) in active


def test_a_file_is_sent_to_its_end(receiver: OtlpReceiver) -> None:
    with serving(receiver, "app") as service:
        assert httpx.get(f"{service.url}/file", timeout=PATIENCE_SECONDS).status_code == 200
    assert outcomes(receiver) == {("GET", "/file", 200, None): 1}


def test_the_root_path_of_the_server_comes_first(receiver: OtlpReceiver) -> None:
    with serving(receiver, "app", "--root-path=/base") as service:
        assert httpx.get(f"{service.url}/things/4", timeout=PATIENCE_SECONDS).status_code == 200
    assert outcomes(receiver) == {("GET", "/base/things/{key}", 200, None): 1}


@pytest.mark.parametrize(
    ("application", "arguments"),
    [
        ("create_app", ("--factory",)),
        ("starlette_only", ()),
        ("not_from_the_package", ()),
        ("overriding", ()),
        ("wrapped", ()),
    ],
)
@pytest.mark.parametrize("exporter", ["none", "console"])
def test_an_application_is_measured_however_it_is_made(
    receiver: OtlpReceiver, application: str, arguments: tuple[str, ...], exporter: str
) -> None:
    """Once, and with one server span when there are spans. What answers around the framework, that never sees."""
    with serving(receiver, application, *arguments, OTEL_TRACES_EXPORTER=exporter) as service:
        service.get("/things/4", 5)
        service.get("/health")
        httpx.options(service.url, headers={"Origin": "http://x", "Access-Control-Request-Method": "GET"})
    counted = outcomes(receiver)
    assert counted.pop(("GET", "/things/{key}", 200, None)) == 5
    answered_around = (application == "overriding") + (application == "wrapped")
    assert sum(counted.values()) == 2 - answered_around
    spans = service.output.count('"kind": "SpanKind.SERVER"')
    expected = 0 if exporter == "none" else receiver.total(DURATION)
    assert spans == expected
