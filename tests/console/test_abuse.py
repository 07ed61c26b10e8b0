"""What anybody on the machine can do to the console's port: whoever looks at it beside him is served."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import httpx
import psutil
import pytest

from reduse.console.__main__ import BOUNDS
from reduse.console.refusals import NAME
from tests.console.conftest import console_server
from tests.console.live_store import WATCH
from tests.ports import free_port
from tests.server import Server
from tests.sockets import allow_many_files, until_closed
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.server

MORE_BYTES = 60 * 2**20
HEAD = b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Its store is away, which it can bear as well."""
    with console_server(tmp_path_factory.mktemp("console"), free_port(), WATCH) as server:
        yield server
        assert "Traceback" not in server.output()


def connect(console: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", console.port), 30)


def refused(console: Server, reason: str) -> int:
    page = httpx.get(f"{console.url}/metrics", timeout=PATIENCE_SECONDS).text
    [line] = [line for line in page.splitlines() if line.startswith(f'{NAME}{{reason="{reason}"}}')]
    return int(line.rsplit(" ", 1)[1])


def served(console: Server) -> bool:
    return httpx.get(f"{console.url}/api/definition", timeout=PATIENCE_SECONDS).status_code == 200


@pytest.mark.parametrize("said", [b"", HEAD], ids=["nothing", "half a head"])
def test_ten_thousand_connections_give_way_to_who_looks(console: Server, said: bytes) -> None:
    allow_many_files()
    process = psutil.Process(console.pid)
    memory, before = process.memory_info().rss, refused(console, "slow")
    with ExitStack() as opened:
        for _ in range(10_000):
            connection = opened.enter_context(connect(console))
            with suppress(OSError):
                connection.sendall(said)
        assert served(console)
        assert refused(console, "slow") - before >= 10_000 - BOUNDS.connections
        assert process.num_fds() < BOUNDS.connections + 100
        assert process.memory_info().rss - memory < MORE_BYTES
    assert served(console)


def test_who_keeps_all_places_with_requests_turns_others_away_until_he_is_too_slow(console: Server) -> None:
    """Answers that are asked for and never read."""
    page = HEAD.replace(b"/healthz", b"/api/definition") + b"\r\n"
    with ExitStack() as opened:
        for _ in range(20):
            connection = opened.enter_context(connect(console))
            connection.settimeout(0.2)
            with suppress(OSError):
                for _ in range(200):
                    connection.sendall(page * 50)
        assert served(console)
        wait_until(lambda: refused(console, "not_reading") >= 20, "the end of those who do not read")


@pytest.mark.parametrize(
    "said",
    [
        HEAD + b"x: " + b"y" * 20_000 + b"\r\n\r\n",
        HEAD + b"".join(b"x%d: y\r\n" % number for number in range(3000)) + b"\r\n",
        HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\nab",
        HEAD + b"transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nhost: [\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300),
        b"GET /static/../../../../etc/passwd HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
    ],
    ids=["long field", "many fields", "two lengths", "both framings", "host", "TLS", "path"],
)
def test_what_is_odd_is_refused(console: Server, said: bytes) -> None:
    with connect(console) as connection:
        connection.sendall(said)
        connection.settimeout(PATIENCE_SECONDS)
        assert until_closed(connection).split(b" ", 2)[1] in {b"200", b"400", b"403", b"404"}
    assert served(console)


def test_a_head_that_trickles_is_cut_off(console: Server) -> None:
    with connect(console) as connection:
        connection.sendall(HEAD + b"x: ")
        deadline = time.monotonic() + PATIENCE_SECONDS
        with pytest.raises(OSError):  # noqa: PT011, PT012 - whichever tells that it is closed, at any of the bytes
            while time.monotonic() < deadline:
                connection.sendall(b"y")
                time.sleep(0.2)
        assert time.monotonic() < deadline
