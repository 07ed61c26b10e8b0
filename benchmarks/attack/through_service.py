"""Invents users by requests to a real service, which believes the claims that they make."""

import secrets
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.attack.attack import Sent
from benchmarks.distro.application import ROUTE, USER_HEADER
from benchmarks.distro.load import Load
from reduse.wire import user_hash
from tests.e2e.stack import Stack
from tests.processor.exports import SECOND
from tests.server import Server

CONNECTIONS = 16
# Requests between two looks at the clock.
AT_ONCE = 500
KEY = "0123456789abcdef"
# Of the requests of all true users in a round, those of each: every one sends more in a second than who is invented.
TRUE_USERS = {f"true-{number:02}": 10 + number for number in range(20)}
_PATH = ROUTE.format(item_id=1)
# Before the first request, and after the last until its window is sent.
_MARGIN_SECONDS = 5


class ThroughService:
    """Sends requests with a new user each, as fast as the service answers, and beside each one of a true user.

    Args:
        port: of the service.
        pid: its process.
    """

    def __init__(self, port: int, pid: int, service: str) -> None:
        self.processes = {service: pid}
        self._port = port
        self.sent: Counter[str] = Counter()

    def attack(self, seconds: int) -> Sent:
        """All that are sent are answered when it returns; an answer that is no success is a RuntimeError."""
        begun = time.monotonic()
        answered = 0
        with Load(self._port, self.requests(), CONNECTIONS) as load:
            while time.monotonic() < begun + seconds:
                answered += load.send(AT_ONCE)
        end = (time.time_ns() // SECOND + _MARGIN_SECONDS) * SECOND
        invented = answered - self.sent.total()
        return Sent(
            invented=invented,
            requests=answered,
            true_users={user_hash(KEY.encode(), user): count for user, count in self.sent.items()},
            end=end,
            windows=round(time.monotonic() - begun) + 2 * _MARGIN_SECONDS,
            by_red=True,
        )

    def requests(self) -> Iterator[bytes]:
        """By turns of somebody who is invented and of a true user; those of true users are counted in `sent`."""
        origin = secrets.token_hex(4)
        number = 0
        while True:
            for user in self._round():
                yield _request(f"{origin}-{number:09}")
                number += 1
                self.sent[user] += 1
                yield _request(user)

    @staticmethod
    def _round() -> Iterator[str]:
        """Every true user as often as it is written, evenly over the round."""
        places = [((each + 0.5) / count, user) for user, count in TRUE_USERS.items() for each in range(count)]
        for _, user in sorted(places):
            yield user


def _request(user: str) -> bytes:
    return f"GET {_PATH} HTTP/1.1\r\nHost: service\r\n{USER_HEADER}: {user}\r\n\r\n".encode()


@contextmanager
def through_service(stack: Stack, service: str) -> Iterator[ThroughService]:
    """A service of its own, beside those of the stack, that sends to its agent each second."""
    command = (
        *("opentelemetry-instrument", "uvicorn", "--factory", "benchmarks.distro.application:bare"),
        *("--port={port}", "--no-access-log", "--log-level=warning"),
    )
    variables = {
        "OTEL_SERVICE_NAME": service,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{stack.settings.agent_http_port}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_METRIC_EXPORT_INTERVAL": "1000",
        "REDUSE_USER_HASH_KEY": KEY,
        "REDUSE_USER_RESOLVERS": f"header:{USER_HEADER}",
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(command, variables, Path(folder) / "service.log") as server,
    ):
        yield ThroughService(server.port, server.pid, service)
