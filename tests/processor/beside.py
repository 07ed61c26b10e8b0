"""A sender beside those who abuse a port: it sends twice a second, and whatever happens each request counts once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import psutil

from tests.intruders import PLAIN_TEXT, Identity
from tests.processor.exports import SECOND, export
from tests.processor.http_client import HttpClient
from tests.processor.process import Client, Running, running
from tests.processor.secure import files_of, settings_of
from tests.processor.sink import Sink
from tests.waiting import PATIENCE_SECONDS, wait_until

SERVICE = "innocent"
USER = f"{7:016x}"
INTERVAL_SECONDS = 0.5
# Of an answer, on a machine that does other work as well.
SLOW_SECONDS = 10.0


@dataclass
class Beside:
    processor: Running
    sink: Sink
    identity: Identity = PLAIN_TEXT
    sent: int = 0
    slowest: float = 0.0
    refused: list[str] = field(default_factory=list)
    others: int = 0
    _began: int = field(default_factory=lambda: time.time_ns() - 3600 * SECOND)
    _ending: threading.Event = field(default_factory=threading.Event)

    def memory(self) -> int:
        """Bytes that the processor holds."""
        return psutil.Process(self.processor.process.pid).memory_info().rss

    def outcome(self, verdict: str) -> float:
        return self.processor.metric("reduse_processor_requests_total", outcome=verdict)

    def run(self) -> None:
        """Over one connection, as an agent does: the same again until it is taken."""
        with closing(Client(self.processor.port, identity=self.identity)) as client:
            while not self._ending.wait(INTERVAL_SECONDS):
                end = time.time_ns()
                request = export(end - SECOND // 10, end, {USER: 3}, service=SERVICE, instance="beside")
                begun = time.monotonic()
                while True:
                    try:
                        client.send(request, timeout=PATIENCE_SECONDS)
                    except grpc.RpcError as error:
                        self.refused.append(f"{error.code()} {error.details()}")
                        if self._ending.wait(0.1):
                            return
                    else:
                        break
                self.sent += 3
                self.slowest = max(self.slowest, time.monotonic() - begun)

    @contextmanager
    def unharmed(self) -> Iterator[None]:
        """In this block no request of the innocent is refused or slow, and the process stays."""
        self.refused.clear()
        self.slowest = 0.0
        yield
        assert self.processor.process.alive, self.processor.process.output()
        assert not self.refused, self.refused
        assert self.slowest < SLOW_SECONDS

    def another_is_served(self) -> None:
        """Somebody who was not there before, over a new connection to each door."""
        self.others += 1
        request = export(self._began, self._began + SECOND, {USER: 1}, service="other", instance=f"o{self.others}")
        with closing(Client(self.processor.port, identity=self.identity)) as client:
            client.send(request, timeout=PATIENCE_SECONDS)
        with closing(HttpClient(self.processor.http_port, self.identity.context())) as http:
            assert http.send(request).status == 200

    def counted(self) -> int:
        samples = self.sink.samples("reduse.user.requests")
        points = samples.get((("service", SERVICE), ("identity", "user")), {})
        return points[max(points)].as_int if points else 0

    def stop(self) -> None:
        self._ending.set()


@contextmanager
def beside(processor: Running, sink: Sink, identity: Identity = PLAIN_TEXT) -> Iterator[Beside]:
    """At the end of the block what it sent is counted, and nothing else of it."""
    made = Beside(processor, sink, identity)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        # Who was there before keeps his connection.
        wait_until(lambda: made.sent > 0, "the innocent's first request")
        yield made
    finally:
        made.stop()
        thread.join()
    wait_until(lambda: made.counted() >= made.sent, f"a count of {made.sent}")
    assert made.counted() == made.sent > 0


@contextmanager
def abused(state: Path, *, certificates: Path | None = None, **bounds: int) -> Iterator[Beside]:
    """A processor with these bounds and an innocent beside; it ends well and has logged no error.

    `certificates`: the folder with those of the processor, the innocent and the sink; by default plain text.
    """
    settings = {name.upper(): str(bound) for name, bound in bounds.items()} | {"HISTORY_BYTES": "0"}
    credentials, identity = None, PLAIN_TEXT
    if certificates is not None:
        credentials = files_of(certificates, "gateway").server_credentials()
        identity = Identity(certificates, "agent")
    with Sink(credentials) as sink:
        if certificates is not None:
            settings |= settings_of(certificates, sink.port)
        with running(state, sink.port, 0, 0, **settings) as processor:
            with beside(processor, sink, identity) as innocent:
                yield innocent
            assert processor.terminate() == 0
            assert '"level": "ERROR"' not in processor.log.read_text()
