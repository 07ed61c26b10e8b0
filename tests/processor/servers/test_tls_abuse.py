"""Who has no certificate, a wrong one, or never ends the handshake: refused or closed, while another one is served."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import grpc
import pytest

from tests.intruders import PLAIN_TEXT, Identity, expired, export, of_another_authority, users_of
from tests.processor.beside import Beside, abused
from tests.processor.secure import authority
from tests.sockets import allow_many_files
from tests.waiting import wait_until

pytestmark = pytest.mark.server

CONNECTIONS = 200
OPENED = 2_000
# 2,000 handshakes over HTTP, of which 200 are at a time, and what the collector of garbage has not seen yet.
MORE_BYTES = 96 * 2**20
DOORS = ("grpc", "http")
# The beginning of a record of a handshake (RFC 8446, 5.1), of which no more comes.
HALF_HELLO = b"\x16\x03\x01\x02\x00\x01"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authority(tmp_path_factory.mktemp("abuse") / "certificates")


@pytest.fixture(scope="module")
def at(folder: Path) -> Iterator[Beside]:
    """One processor for all, and a sender with a certificate who must not notice."""
    with abused(folder.with_name("state"), certificates=folder, connections=CONNECTIONS) as innocent:
        yield innocent


def test_wrong_certificates_are_refused_one_after_another(at: Beside, folder: Path, tmp_path: Path) -> None:
    intruders = [
        PLAIN_TEXT,
        Identity(folder),
        expired(tmp_path / "expired", folder),
        of_another_authority(tmp_path / "other", folder),
    ]
    with at.unharmed():
        for _ in range(10):
            for intruder in intruders:
                assert export(intruder, at.processor.port, users_of("intruder")) is grpc.StatusCode.UNAVAILABLE
        before = at.outcome("unauthenticated")
        for _ in range(100):
            for intruder in intruders:
                assert not answered_over_http(intruder, at.processor.http_port)
        assert answered_over_http(at.identity, at.processor.http_port)
        assert at.outcome("unauthenticated") - before >= 300
        at.another_is_served()


def answered_over_http(identity: Identity, port: int) -> bool:
    """Whether a request is answered at all, as whoever was let in is."""
    context = identity.context()
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 10) as raw:
        secured = context.wrap_socket(raw, server_hostname="localhost") if context else raw
        with secured:
            secured.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
            return secured.recv(1000).startswith(b"HTTP/1.1 4")
    return False


@pytest.mark.parametrize("said", [b"", HALF_HELLO], ids=["nothing", "half a hello"])
def test_handshakes_that_never_end_are_bounded_and_closed(at: Beside, said: bytes) -> None:
    allow_many_files()
    before = at.memory()
    with ExitStack() as opened, at.unharmed():
        for port in (at.processor.port, at.processor.http_port):
            for _ in range(OPENED):
                connection = opened.enter_context(socket.create_connection(("127.0.0.1", port), 10))
                with suppress(OSError):
                    # Those beyond the bound are closed already.
                    connection.sendall(said)
        for door in DOORS:
            wait_until(partial(most, at, door, CONNECTIONS), f"no more connections than the bound at {door}")
        assert at.memory() - before < MORE_BYTES
        for door in DOORS:
            wait_until(partial(most, at, door, 10), f"the end of the handshakes at {door}")
        at.another_is_served()


def most(at: Beside, door: str, connections: int) -> bool:
    """Whether there are no more connections than that."""
    return at.processor.metric("reduse_processor_connections", port=door) <= connections
