"""What one sender over HTTP can do to the port: refused in bounded time, while another one stays exact beside it."""

import gzip
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import partial

import pytest

from tests.processor.beside import Beside, abused
from tests.sockets import allow_many_files, until_closed
from tests.waiting import wait_until

pytestmark = pytest.mark.server

CONNECTIONS = 200
MESSAGE_BYTES = 2**20
# Of the bodies that are held, and what else comes and goes.
MORE_BYTES = (4 + 60) * MESSAGE_BYTES
HEAD = b"POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n"


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    """One processor for all, and a sender who must not notice: at the end each of its requests is counted once."""
    state = tmp_path_factory.mktemp("abuse") / "state"
    with abused(state, connections=CONNECTIONS, message_bytes=MESSAGE_BYTES) as innocent:
        yield innocent


def connect(at: Beside) -> socket.socket:
    return socket.create_connection(("127.0.0.1", at.processor.http_port), 20)


@pytest.mark.parametrize("said", [b"", HEAD], ids=["nothing", "half a head"])
def test_ten_thousand_connections_are_bounded_and_others_are_served_meanwhile(at: Beside, said: bytes) -> None:
    allow_many_files()
    before, slow = at.memory(), at.outcome("incomplete")
    with ExitStack() as opened, at.unharmed():
        for _ in range(10_000):
            connection = opened.enter_context(connect(at))
            with suppress(OSError):
                connection.sendall(said)
        at.another_is_served()
        assert at.processor.metric("reduse_processor_connections", port="http") <= CONNECTIONS + 10
        assert at.outcome("incomplete") - slow >= 10_000 - CONNECTIONS
        assert at.memory() - before < MORE_BYTES
    at.another_is_served()


def test_connections_that_have_a_request_do_not_give_way_but_end(at: Beside) -> None:
    """Bodies that never come: the bound turns others away, until those are too late."""
    refused = at.outcome("unavailable")
    with ExitStack() as opened, at.unharmed():
        for _ in range(CONNECTIONS):
            opened.enter_context(connect(at)).sendall(HEAD + b"content-length: 10\r\n\r\n")
        wait_until(lambda: at.processor.metric("reduse_processor_connections", port="http") >= CONNECTIONS, "all")
        with connect(at) as one_more:
            assert until_closed(one_more).startswith(b"HTTP/1.1 503 ")
        assert at.outcome("unavailable") > refused
        wait_until(lambda: at.processor.metric("reduse_processor_connections", port="http") < 100, "their end")
    at.another_is_served()


def another_is_served(at: Beside) -> bool:
    with suppress(AssertionError):
        at.another_is_served()
        return True
    return False


def test_large_bodies_that_never_end_make_room_for_others(at: Beside) -> None:
    before, slow = at.memory(), at.outcome("incomplete")
    with ExitStack() as opened, at.unharmed():
        for _ in range(4):
            connection = opened.enter_context(connect(at))
            connection.sendall(HEAD + b"content-length: %d\r\n\r\n" % MESSAGE_BYTES + bytes(MESSAGE_BYTES - 10))
        # Whoever is refused comes again, as 503 says; the bodies would end by themselves after half a minute.
        wait_until(partial(another_is_served, at), "room for others", 20)
        assert at.outcome("incomplete") > slow
        assert at.memory() - before < MORE_BYTES


@pytest.mark.parametrize(
    "said",
    [
        HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\nab",
        HEAD + b"content-length: +2\r\n\r\nab",
        HEAD + b"content-length: -1\r\n\r\n",
        HEAD + b"content-length: 99999999999999999999999\r\n\r\n",
        HEAD + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nPOST /v1/metrics HTTP/1.1\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\nfffffffffffffffffffffff\r\nabc",
        HEAD + b"transfer-encoding: chunked\r\n\r\n-1\r\nabc",
        HEAD + b"transfer-encoding: chunked\r\n\r\n1;" + b"x" * 20_000 + b"\r\na\r\n0\r\n\r\n",
        HEAD + b"x: " + b"y" * 20_000 + b"\r\n\r\n",
        HEAD + b"".join(b"x%d: y\r\n" % number for number in range(3000)) + b"\r\n",
        b"POST /v1/metrics\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    ids=[
        "two lengths", "signed length", "negative length", "endless length", "both framings", "two encodings",
        "spaced encoding", "endless chunk", "negative chunk", "chunk extension", "long field", "many fields",
        "no version", "TLS", "HTTP/2",
    ],
)  # fmt: skip
def test_odd_framing_is_refused_once_and_what_follows_is_no_request(at: Beside, said: bytes) -> None:
    sent = at.sent
    taken = at.outcome("accepted")
    with connect(at) as connection, at.unharmed():
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        answer = until_closed(connection)
    # The beginning of HTTP/2 is a request of HTTP/1.1 as well, and bytes that are none.
    assert answer.count(b"HTTP/1.1 ") <= (2 if said.startswith(b"PRI") else 1)
    assert b"HTTP/1.1 200" not in answer
    # But for the innocent's.
    assert at.outcome("accepted") - taken <= (at.sent - sent) / 3 + 2
    at.another_is_served()


def test_bombs_are_refused(at: Beside) -> None:
    before = at.memory()
    bomb = gzip.compress(gzip.compress(bytes(1024 * 2**20), 9), 9) + gzip.compress(bytes(300 * 2**20), 9)
    with at.unharmed():
        for body in (bomb, gzip.compress(bytes(300 * 2**20), 9)):
            with connect(at) as connection:
                head = b"content-encoding: gzip\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
                connection.sendall(HEAD + head + body)
                assert int(until_closed(connection).split(b" ", 2)[1]) in {400, 413}
    assert at.memory() - before < MORE_BYTES
    at.another_is_served()


def test_whoever_takes_no_answers_is_not_waited_for(at: Beside) -> None:
    before = at.memory()
    asked = b"GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n" * 1000
    with ExitStack() as opened, at.unharmed():
        for _ in range(5):
            connection = opened.enter_context(connect(at))
            connection.settimeout(1)
            with suppress(OSError):
                for _ in range(50):
                    connection.sendall(asked)
        at.another_is_served()
        assert at.memory() - before < MORE_BYTES


def test_tls_to_a_port_of_plain_text_is_closed(at: Beside) -> None:
    with connect(at) as connection, at.unharmed(), pytest.raises(OSError):  # noqa: PT011 - whichever it is
        ssl.create_default_context().wrap_socket(connection, server_hostname="localhost")
