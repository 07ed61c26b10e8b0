"""What anybody can do to the port of the processor's own metrics: whoever asks beside him is answered."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import psutil
import pytest

from reduse.processor.bounded_server import CONNECTIONS
from tests.processor.process import Running, running
from tests.processor.sink import Sink
from tests.sockets import allow_many_files, until_closed
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.server

MORE_BYTES = 60 * 2**20
MORE_THREADS = CONNECTIONS + 10
REFUSED = "reduse_processor_connections_refused_total"


@pytest.fixture(scope="module")
def processor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    state = tmp_path_factory.mktemp("exposition") / "state"
    with Sink() as sink, running(state, sink.port, HISTORY_BYTES="0") as started:
        yield started
        assert started.terminate() == 0
        assert "Traceback" not in started.log.read_text()


def connect(processor: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", processor.metrics_port), 30)


def said_to(processor: Running, said: bytes) -> bytes:
    with connect(processor) as connection:
        connection.sendall(said)
        return until_closed(connection)


MANY = 2_000


@pytest.mark.parametrize("said", [b"", b"GET /metrics HTTP/1.1\r\nhost: x\r\nx: "], ids=["nothing", "half a head"])
def test_thousands_of_connections_take_few_threads_and_give_way(processor: Running, said: bytes) -> None:
    allow_many_files()
    process = psutil.Process(processor.process.pid)
    memory, threads = process.memory_info().rss, process.num_threads()
    before = processor.metric(REFUSED, port="metrics")
    with ExitStack() as opened:
        for _ in range(MANY):
            connection = opened.enter_context(connect(processor))
            with suppress(OSError):
                connection.sendall(said)
        assert process.num_threads() - threads <= MORE_THREADS
        assert process.memory_info().rss - memory < MORE_BYTES
        assert processor.get("/healthz")[0] == 200
        assert processor.metric(REFUSED, port="metrics", reason="too_many") - before >= MANY - 2 * CONNECTIONS
    assert processor.get("/readyz")[0] == 200


def test_a_head_that_trickles_is_cut_off_and_counted(processor: Running) -> None:
    before = processor.metric(REFUSED, port="metrics", reason="slow")
    with connect(processor) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nx: ")
        deadline = time.monotonic() + PATIENCE_SECONDS
        with pytest.raises(OSError):  # noqa: PT011, PT012 - whichever tells that it is closed, at any of the bytes
            while time.monotonic() < deadline:
                connection.sendall(b"y")
                time.sleep(0.2)
        assert time.monotonic() < deadline
    assert processor.metric(REFUSED, port="metrics", reason="slow") > before


@pytest.mark.parametrize(
    "said",
    [
        b"GET /metrics HTTP/1.1\r\nx: " + b"y" * 20_000 + b"\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\n"
        + b"".join(b"x%d: y\r\n" % number for number in range(90))
        + b"z: "
        + b"z" * 16_000,
        b"GET /" + b"x" * 20_000,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300) + b"\r\n\r\n",
        b"GET /metrics HTTP/99999999\r\n\r\n",
    ],
    ids=["long field", "many fields", "long path", "TLS", "version"],
)
def test_what_is_too_long_or_no_http_is_refused_and_counted(processor: Running, said: bytes) -> None:
    before = processor.metric(REFUSED, port="metrics", reason="malformed")
    assert b" 200 " not in said_to(processor, said).partition(b"\r\n")[0]
    assert processor.metric(REFUSED, port="metrics", reason="malformed") == before + 1


@pytest.mark.parametrize("accept", ["application/openmetrics-text;version==", "x;version=é", ";;,q=", "*/*;q=x"])
def test_whatever_is_accepted_the_page_is_served(processor: Running, accept: str) -> None:
    said = f"GET /metrics HTTP/1.1\r\nhost: x\r\naccept: {accept}\r\n\r\n".encode()
    assert said_to(processor, said).partition(b"\r\n")[0].endswith(b" 200 OK")
