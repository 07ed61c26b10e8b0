"""Who has no certificate, a wrong one, or never ends the handshake: refused or closed, while another one is served."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import grpc
import psutil
import pytest

from tests.intruders import METHOD, Identity, expired, export, of_another_authority, users_of
from tests.ports import wait_until
from tests.processor.process import Running
from tests.processor.secure import authority, secure
from tests.sockets import allow_many_files

pytestmark = pytest.mark.server

CONNECTIONS = 200
OPENED = 2_000
# 2,000 handshakes over HTTP, of which 200 are at a time, and what the collector of garbage has not seen yet.
MORE_BYTES = 96 * 2**20
SLOW_SECONDS = 10.0
# The beginning of a record of a handshake (RFC 8446, 5.1), of which no more comes.
HALF_HELLO = b"\x16\x03\x01\x02\x00\x01"


@dataclass
class Innocent:
    """Sends twice a second over one connection with its certificate, and counts what was acknowledged."""

    processor: Running
    identity: Identity
    acknowledged: int = 0
    slowest: float = 0.0
    refused: list[str] = field(default_factory=list)
    _ending: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        with self.identity.channel(self.processor.port) as channel:
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(METHOD)
            while not self._ending.wait(0.5):
                begun = time.monotonic()
                try:
                    call(users_of("innocent"), timeout=30)
                except grpc.RpcError as error:
                    self.refused.append(f"{error.code()} {error.details()}")
                else:
                    self.acknowledged += 1
                self.slowest = max(self.slowest, time.monotonic() - begun)

    def stop(self) -> None:
        self._ending.set()

    def memory(self) -> int:
        return psutil.Process(self.processor.process.pid).memory_info().rss


@contextmanager
def beside(tmp_path: Path, folder: Path) -> Iterator[Innocent]:
    """At the end nothing of the innocent was refused or slow, and each of its exports was accepted once."""
    with secure(tmp_path, folder, CONNECTIONS=str(CONNECTIONS), HISTORY_BYTES="0") as processor:
        innocent = Innocent(processor, Identity(folder, "agent"))
        thread = threading.Thread(target=innocent.run)
        thread.start()
        try:
            wait_until(lambda: innocent.acknowledged > 0, 30, "the innocent's first export")
            yield innocent
            # One who was not there before.
            wait_until(
                lambda: export(innocent.identity, processor.port, users_of("other")) is grpc.StatusCode.OK,
                20,
                "a new sender is served",
            )
        finally:
            innocent.stop()
            thread.join()
        assert not innocent.refused
        assert innocent.slowest < SLOW_SECONDS
        accepted = processor.metric("reduse_processor_requests_total", outcome="accepted")
        assert accepted == innocent.acknowledged + 1
        assert processor.terminate() == 0
        assert '"level": "ERROR"' not in processor.log.read_text()


def test_wrong_certificates_are_refused_one_after_another(tmp_path: Path) -> None:
    folder = authority(tmp_path / "certificates")
    intruders = [
        Identity(),
        Identity(folder),
        expired(tmp_path / "expired", folder),
        of_another_authority(tmp_path / "other", folder),
    ]
    with beside(tmp_path, folder) as innocent:
        processor = innocent.processor
        for _ in range(10):
            for intruder in intruders:
                assert export(intruder, processor.port, users_of("intruder")) is grpc.StatusCode.UNAVAILABLE
        for _ in range(100):
            for intruder in intruders:
                assert not answered_over_http(intruder, processor.http_port)
        assert answered_over_http(innocent.identity, processor.http_port)
        assert processor.metric("reduse_processor_requests_total", outcome="unauthenticated") >= 300


def answered_over_http(identity: Identity, port: int) -> bool:
    """Whether a request is answered at all, as whoever was let in is."""
    context = identity.context()
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 10) as raw:
        secured = context.wrap_socket(raw, server_hostname="localhost") if isinstance(context, ssl.SSLContext) else raw
        with secured:
            secured.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
            return secured.recv(1000).startswith(b"HTTP/1.1 4")
    return False


@pytest.mark.parametrize("said", [b"", HALF_HELLO], ids=["nothing", "half a hello"])
def test_handshakes_that_never_end_are_bounded_and_closed(tmp_path: Path, said: bytes) -> None:
    allow_many_files()
    folder = authority(tmp_path / "certificates")
    with beside(tmp_path, folder) as innocent, ExitStack() as opened:
        processor, before = innocent.processor, innocent.memory()
        for port in (processor.port, processor.http_port):
            for _ in range(OPENED):
                connection = opened.enter_context(socket.create_connection(("127.0.0.1", port), 10))
                with suppress(OSError):
                    # Those beyond the bound are closed already.
                    connection.sendall(said)
        for door in ("grpc", "http"):
            wait_until(partial(most, processor, door, CONNECTIONS), 10, f"no more connections than the bound at {door}")
        assert innocent.memory() - before < MORE_BYTES
        for door in ("grpc", "http"):
            wait_until(partial(most, processor, door, 10), 30, f"the end of the handshakes at {door}")


def most(processor: Running, door: str, connections: int) -> bool:
    """Whether there are no more connections than that."""
    return processor.metric("reduse_processor_connections", port=door) <= connections
