"""What one sender over gRPC can do to the port: refused in bounded time, while another one stays exact beside it."""

import gzip
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import grpc
import pytest

from tests.http2 import (
    ACK,
    DATA,
    END_HEADERS,
    END_STREAM,
    EXPORT,
    HEADERS,
    PING,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    Http2,
    frame,
    head,
    message,
)
from tests.processor.beside import Beside, abused
from tests.processor.process import Running
from tests.sockets import allow_many_files
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.server

CONNECTIONS = 200
MESSAGE_BYTES = 2**20
# Of the bodies that are read at once and held, and what else comes and goes.
MORE_BYTES = (16 + 4 + 60) * MESSAGE_BYTES


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    """One processor for all, and a sender who must not notice: at the end each of its requests is counted once."""
    state = tmp_path_factory.mktemp("abuse") / "state"
    with abused(state, connections=CONNECTIONS, message_bytes=MESSAGE_BYTES) as innocent:
        yield innocent


def connections(processor: Running) -> float:
    return processor.metric("reduse_processor_connections", port="grpc")


@pytest.mark.parametrize("said", [b"", PREFACE[:5], PREFACE + frame(SETTINGS)], ids=["nothing", "half", "preface"])
def test_ten_thousand_connections_are_bounded_and_the_port_serves_again(at: Beside, said: bytes) -> None:
    allow_many_files()
    before = at.memory()
    with ExitStack() as opened, at.unharmed():
        for _ in range(10_000):
            connection = opened.enter_context(socket.create_connection(("127.0.0.1", at.processor.port), 10))
            with suppress(OSError):
                # Those beyond the bound are closed already.
                connection.sendall(said)
        assert at.processor.metric("reduse_processor_connections_limit", port="grpc") == CONNECTIONS
        wait_until(lambda: connections(at.processor) <= CONNECTIONS, "no more connections than the bound")
        assert at.memory() - before < MORE_BYTES
        if not said.startswith(PREFACE):
            wait_until(lambda: connections(at.processor) < 10, "the end of connections that say nothing")
    wait_until(lambda: connections(at.processor) < 10, "the end of the connections")
    at.another_is_served()


def test_bodies_that_never_end_hold_bounded_memory_and_give_way(at: Beside) -> None:
    before, slow = at.memory(), at.outcome("incomplete")
    body = message(bytes(MESSAGE_BYTES - 10), length=MESSAGE_BYTES)
    with ExitStack() as opened, at.unharmed():
        for _ in range(4):
            connection = opened.enter_context(Http2(at.processor.port))
            connection.greet()
            connection.read(0.2)
            streams = range(1, 128, 2)
            connection.send(b"".join(frame(HEADERS, END_HEADERS, stream, head()) for stream in streams))
            sent = dict.fromkeys(streams, 0)
            until = time.monotonic() + 3
            while time.monotonic() < until and not connection.received.closed:
                connection.read(0.1)
                for stream in streams:
                    sent[stream] += connection.send_data(stream, body[sent[stream] :])
        assert at.memory() - before < MORE_BYTES
        assert at.outcome("incomplete") > slow
        at.another_is_served()


def test_streams_that_say_nothing_hold_up_nobody(at: Beside) -> None:
    before = at.memory()
    with ExitStack() as opened, at.unharmed():
        # More than a thousand at once, of which gRPC by itself would cancel some, of no matter which sender.
        for _ in range(CONNECTIONS - 10):
            connection = opened.enter_context(Http2(at.processor.port))
            connection.greet()
            connection.send(b"".join(frame(HEADERS, END_HEADERS, stream, head()) for stream in range(1, 128, 2)))
        time.sleep(2)
        assert at.memory() - before < MORE_BYTES
        at.another_is_served()


def test_a_body_that_trickles_gives_way_to_others(at: Beside) -> None:
    with ExitStack() as opened, at.unharmed():
        trickling = [opened.enter_context(Http2(at.processor.port)) for _ in range(20)]
        for connection in trickling:
            connection.greet()
            connection.send(frame(HEADERS, END_HEADERS, 1, head()) + frame(DATA, 0, 1, message(b"", length=1000)))
        for _ in range(20):
            for connection in trickling:
                connection.send(frame(DATA, 0, 1, b"\x0a"))
            time.sleep(0.1)
        at.another_is_served()


def test_streams_that_are_reset_at_once_are_borne(at: Beside) -> None:
    """CVE-2023-44487."""
    before = at.memory()
    with Http2(at.processor.port) as connection, at.unharmed():
        connection.greet()
        until, first = time.monotonic() + 5, 1
        while time.monotonic() < until and not connection.received.closed:
            streams = range(first, first + 2000, 2)
            first = streams.stop
            cancel = struct.pack(">I", 8)
            connection.send(
                b"".join(
                    frame(HEADERS, END_HEADERS, stream, head()) + frame(RST_STREAM, 0, stream, cancel)
                    for stream in streams
                )
            )
            connection.read(0.001)
    assert at.memory() - before < MORE_BYTES
    at.another_is_served()


@pytest.mark.parametrize(
    "flood",
    [
        frame(SETTINGS, body=struct.pack(">HI", 4, 1000)),
        frame(PING, body=bytes(8)),
        frame(SETTINGS, ACK),
        frame(9, 0, 1, b"x" * 100),
        frame(DATA, 0, 1, b""),
        frame(0x20, 0, 0, bytes(1000)),
    ],
    ids=["settings", "pings", "acknowledgements", "continuations", "empty data", "unknown"],
)
def test_a_flood_of_frames_harms_nobody(at: Beside, flood: bytes) -> None:
    before = at.memory()
    with Http2(at.processor.port) as connection, at.unharmed():
        connection.greet()
        connection.send(frame(HEADERS, 0 if flood[3] == 9 else END_HEADERS, 1, head()))
        until = time.monotonic() + 3
        while time.monotonic() < until and connection.send(flood * 500):
            connection.read(0.001)
    assert at.memory() - before < MORE_BYTES
    at.another_is_served()


def test_heads_without_an_end_are_refused(at: Beside) -> None:
    """A compressed table that is referred to again and again (a bomb of HPACK), and many names."""
    before = at.memory()
    # Into the dynamic table once, then a thousand times by its index.
    bomb = b"\x40\x01a\x7f\xa1\x1e" + b"b" * 4000 + b"\xbe" * 10_000
    with at.unharmed():
        for fields in (bomb, b"".join(b"\x00\x02%02d\x01b" % (number % 100) for number in range(2000))):
            with Http2(at.processor.port) as connection:
                connection.greet()
                connection.send(frame(HEADERS, END_HEADERS, 1, head() + fields[:16_000]))
                got = connection.read_until(lambda got: got.frames)
                assert got.closed or got.frames
    assert at.memory() - before < MORE_BYTES
    at.another_is_served()


@pytest.mark.parametrize(
    "path", [EXPORT.replace(b"telemetry", b"\x90elemetry"), b"\xff", b"", b"/", b"/" * 100, b"/nothing/Export"]
)
def test_a_path_that_is_no_text_or_no_method_ends_nothing(at: Beside, path: bytes) -> None:
    """gRPC's server for asyncio ends at the first, unless it is kept from it."""
    with at.unharmed():
        for _ in range(3):
            with Http2(at.processor.port) as connection:
                connection.greet()
                streams = range(1, 128, 2)
                connection.send(b"".join(frame(HEADERS, END_HEADERS, stream, head(path=path)) for stream in streams))
                connection.read(0.3)
        at.another_is_served()


def test_who_takes_the_port_for_another_service_is_told_at_once(at: Beside) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{at.processor.port}") as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
        )
        with pytest.raises(grpc.RpcError) as told:
            call(b"", timeout=PATIENCE_SECONDS)
        assert told.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("compressed", [gzip.compress(bytes(300 * 2**20), 6), b"\x1f\x8b" + b"\xff" * 1000])
def test_bombs_and_broken_gzip_in_a_message_are_refused(at: Beside, compressed: bytes) -> None:
    before = at.memory()
    with at.unharmed():
        for _ in range(3):
            with Http2(at.processor.port) as connection:
                connection.greet()
                connection.read(0.1)
                connection.send(frame(HEADERS, END_HEADERS, 1, head((b"grpc-encoding", b"gzip"))))
                connection.send_data(1, message(compressed, compressed=True))
                connection.send(frame(DATA, END_STREAM, 1))
                got = connection.read_until(lambda got: got.frames.get(HEADERS) or got.frames.get(RST_STREAM))
                assert got.frames.get(HEADERS) or got.frames.get(RST_STREAM)
    assert at.memory() - before < MORE_BYTES
    at.another_is_served()


@pytest.mark.parametrize("said", [b"POST /v1/metrics HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"\0" * 1000])
def test_another_protocol_is_closed(at: Beside, said: bytes) -> None:
    with socket.create_connection(("127.0.0.1", at.processor.port), 30) as connection, at.unharmed():
        connection.sendall(said)
        with suppress(ConnectionError):
            while connection.recv(1000):
                pass


def test_tls_to_a_port_of_plain_text_is_closed(at: Beside) -> None:
    context = ssl.create_default_context()
    with at.unharmed(), pytest.raises(OSError), Http2(at.processor.port, context):  # noqa: PT011 - whichever it is
        pass
    at.another_is_served()
