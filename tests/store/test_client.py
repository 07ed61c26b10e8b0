"""A store is entered by what it asks for; whatever answers in its place, one line says so and what to set."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from reduse.store.access import Access, basic, bearer
from reduse.store.client import QueryError, StoreClient
from tests.ports import free_port


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(params=[b"<html>hello</html>", b"[]", b"null", b'"text"', b"{}", b'{"status": "success"}', b"\xff"])
def stranger(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that answers everything with this."""
    body: bytes = request.param

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with serving(Handler) as url:
        yield url


def test_what_is_no_store_is_told(stranger: str) -> None:
    with StoreClient(stranger) as client, pytest.raises(QueryError, match="is no Prometheus API") as caught:
        client.query("vector(1)")
    assert "REDUSE_STORE_URL" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_store_that_is_away_is_named_with_its_setting() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with StoreClient(url) as client, pytest.raises(QueryError) as caught:
        client.query("vector(1)")
    assert url in str(caught.value)
    assert "REDUSE_STORE_URL" in str(caught.value)
    assert caught.value.exit_code == 1


@dataclass
class Seen:
    """What a request showed to the store that answers `1` below `/prometheus`, if the header is `wanted`."""

    url: str = ""
    wanted: str = ""
    path: str = ""
    tenant: str | None = None


@pytest.fixture
def guarded() -> Iterator[Seen]:
    seen = Seen()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.path, seen.tenant = self.path, self.headers.get("X-Scope-OrgID")
            right = self.headers.get("Authorization", "") == seen.wanted
            body = b'{"status": "success", "data": {"resultType": "scalar", "result": [0, "1"]}}' if right else b"no"
            self.send_response(200 if right else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with serving(Handler) as seen.url:
        yield seen


def test_a_path_a_password_a_token_and_a_tenant_reach_the_store(guarded: Seen) -> None:
    for wanted in ("Basic dTpzZWNyZXQ=", "Bearer t"):
        guarded.wanted = wanted
        authorization = basic("u", "secret") if wanted.startswith("Basic") else bearer("t")
        access = Access(f"{guarded.url}/prometheus", authorization, tenant="team-1")
        with StoreClient(access) as client:
            assert client.scalar("1") == 1
        assert (guarded.path, guarded.tenant) == ("/prometheus/api/v1/query", "team-1")


def test_a_wrong_password_is_told_with_the_setting_and_without_the_password(guarded: Seen) -> None:
    guarded.wanted = "Basic other"
    access = Access(guarded.url, basic("u", "secret"))
    with StoreClient(access) as client, pytest.raises(QueryError, match="REDUSE_STORE_PASSWORD_FILE") as caught:
        client.query("1")
    assert "secret" not in str(caught.value)
