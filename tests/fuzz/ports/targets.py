"""The ports: what serves each, what is sent to it, what it may answer, and who must not notice."""

import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.console.conftest import console_server
from tests.console.live_store import WATCH, live_store
from tests.fuzz.ports import traffic
from tests.fuzz.ports.running import AT_ONCE, BrokenError, Kind
from tests.fuzz.ports.ways import CLOSED, Connections, GrpcExports, HttpBodies, channel
from tests.process import Process
from tests.processor.beside import SERVICE, beside
from tests.processor.process import Running, running
from tests.processor.sink import Sink

# Of a process that is attacked by one sender.
MEMORY_BYTES = 1 << 30
FEW = 16
# UNAVAILABLE and 503 ask to come again.
GRPC_ANSWERS = frozenset({"OK", "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", "UNAVAILABLE"})
OTLP_ANSWERS = frozenset({"200", "400", "413", "503"})
HTTP_ANSWERS = OTLP_ANSWERS | {"404", "405", "415", "431", CLOSED}
SCRAPE_ANSWERS = frozenset({"200", "400", "404", "405", "414", "431", "501", "503", "505", "no status", CLOSED})
CONSOLE_ANSWERS = frozenset(
    {"200", "206", "303", "304", "307", "400", "401", "403", "404", "405", "408", "413", "416", "502", "503", CLOSED}
)
FRAMES_ANSWERS = frozenset({"open", CLOSED})


@dataclass(frozen=True)
class Target:
    """`innocent` is how often somebody who must not notice was served so far; `check` raises BrokenError."""

    kinds: Sequence[Kind]
    check: Callable[[], None]
    innocent: Callable[[], int]
    memory: Callable[[], int]
    at_once: int = AT_ONCE


class Guard:
    """Looks at a process now and then."""

    def __init__(self, process: Process, harmed: Callable[[], str]) -> None:
        self._process = process
        self._harmed = harmed
        self.most = 0

    def __call__(self) -> None:
        if not self._process.alive:
            raise BrokenError(f"the process has ended: {self._process.output()[-2000:]}")
        self.most = max(self.most, psutil.Process(self._process.pid).memory_info().rss)
        if self.most > MEMORY_BYTES:
            raise BrokenError(f"the process takes {self.most >> 20} MiB")
        if harmed := self._harmed():
            raise BrokenError(harmed)


@contextmanager
def _processor(folder: Path, kinds: Callable[[Running], Sequence[Kind]], at_once: int = AT_ONCE) -> Iterator[Target]:
    folder.mkdir(parents=True, exist_ok=True)
    with Sink() as sink, running(folder / "state", sink.port, REQUESTS_LIMIT="1000") as processor:
        with beside(processor, sink) as innocent:
            guard = Guard(processor.process, lambda: f"the innocent: {innocent.refused}" if innocent.refused else "")
            yield Target(kinds(processor), guard, lambda: innocent.sent, lambda: guard.most, at_once)
        # Of what the innocent sent all is counted here, and only that.
        samples = sink.samples("reduse.user.requests")
        others = [key for key in samples if key[0] == ("service", SERVICE) and key[1] != ("identity", "user")]
        if any(point.as_int for key in others for point in samples[key].values()):
            raise BrokenError(f"the innocent has requests that it did not send: {others}")
        if processor.terminate() != 0:
            raise BrokenError(f"the processor did not end well: {processor.process.output()[-2000:]}")
        if '"level": "ERROR"' in (log := processor.log.read_text()):
            raise BrokenError(f"errors in the log of the processor: {log[-2000:]}")


def processor_grpc(folder: Path, seed: int) -> AbstractContextManager[Target]:
    def kinds(processor: Running) -> Sequence[Kind]:
        channels = iter(lambda: channel(processor.port), None)
        return (
            Kind(
                "messages",
                0.95,
                traffic.exports(seed),
                lambda: GrpcExports(processor.port, (next(channels),)),
                GRPC_ANSWERS,
            ),
            Kind(
                "frames",
                0.05,
                traffic.grpc_connections(seed),
                lambda: Connections(processor.port, http=False),
                FRAMES_ANSWERS,
            ),
        )

    return _processor(folder, kinds)


def processor_http(folder: Path, seed: int) -> AbstractContextManager[Target]:
    def kinds(processor: Running) -> Sequence[Kind]:
        port = processor.http_port
        return (
            Kind("bodies", 0.8, traffic.exports(seed), lambda: HttpBodies(port, "/v1/metrics"), OTLP_ANSWERS),
            Kind("requests", 0.2, traffic.http_exports(seed), lambda: Connections(port), HTTP_ANSWERS),
        )

    return _processor(folder, kinds)


def exposition(folder: Path, _seed: int) -> AbstractContextManager[Target]:
    def kinds(processor: Running) -> Sequence[Kind]:
        port = processor.metrics_port
        return (Kind("requests", 1, traffic.scrapes(), lambda: Connections(port), SCRAPE_ANSWERS),)

    # Fewer than there is room for: else they only push each other out.
    return _processor(folder, kinds, FEW)


class Reader:
    """Asks the console for the same page each second, and knows what it must be."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._expected = self._ask()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.answers = 0
        self.harmed = ""

    def _ask(self) -> bytes:
        with urllib.request.urlopen(f"{self._url}/api/definition", timeout=30) as answer:  # noqa: S310 - of this machine
            return bytes(answer.read())

    def _run(self) -> None:
        while not self._ending.wait(1.0):
            try:
                same = self._ask() == self._expected
            except OSError as error:
                self.harmed = f"the reader was refused: {error}"
                return
            if not same:
                self.harmed = "the reader got something else"
                return
            self.answers += 1

    @contextmanager
    def reading(self) -> Iterator[None]:
        self._thread.start()
        yield
        self._ending.set()
        self._thread.join()
        if self.harmed or not self.answers:
            raise BrokenError(self.harmed or "the reader got no answer")


@contextmanager
def console(folder: Path, _seed: int) -> Iterator[Target]:
    folder.mkdir(parents=True, exist_ok=True)
    with live_store(folder) as store, console_server(folder, store.port, WATCH) as server:
        reader = Reader(server.url)
        guard = Guard(server, lambda: reader.harmed)
        kinds = (Kind("requests", 1, traffic.console_requests(), lambda: Connections(server.port), CONSOLE_ANSWERS),)
        with reader.reading():
            yield Target(kinds, guard, lambda: reader.answers, lambda: guard.most, FEW)
            # Whoever comes afterwards is served as well.
            time.sleep(1)
        if "Traceback" in (log := server.output()):
            raise BrokenError(f"errors in the log of the console: {log[-2000:]}")


TARGETS: dict[str, Callable[[Path, int], AbstractContextManager[Target]]] = {
    "processor": processor_grpc,
    "processor-http": processor_http,
    "exposition": exposition,
    "console": console,
}
