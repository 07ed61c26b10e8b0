"""Whatever answers in the place of Prometheus, there is one line that says so and what to set."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from reduse.operation.query import PrometheusClient, QueryError
from reduse.recommendation.errors import RecommendationError
from reduse.recommendation.prometheus import PrometheusReader


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

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_what_is_not_prometheus_is_told(stranger: str) -> None:
    with PrometheusClient(stranger) as client, pytest.raises(QueryError, match="is not Prometheus") as caught:
        client.query("vector(1)")
    assert "REDUSE_PROMETHEUS_PORT" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_recommendation_from_what_is_not_prometheus_is_refused_too(stranger: str) -> None:
    with PrometheusReader(stranger) as reader, pytest.raises(RecommendationError, match="REDUSE_PROMETHEUS_PORT"):
        reader.observe("mes-api", window=60, end=1_800_000_000)
