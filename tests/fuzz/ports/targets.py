"""The ports: what serves each, what is sent to it, what it may answer, and who must not notice."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx

from reduse import web_client
from tests.console.conftest import console_server
from tests.console.live_store import WATCH, live_store
from tests.fuzz.ports import traffic
from tests.fuzz.ports.agent import agent_grpc, agent_http
from tests.fuzz.ports.running import AT_ONCE, BrokenError, Kind
from tests.fuzz.ports.target import Guard, Target, grpc_kinds, http_kinds
from tests.fuzz.ports.ways import CLOSED, Connections
from tests.processor.beside import SERVICE, beside
from tests.processor.process import Running, running
from tests.processor.sink import Sink

FEW = 16
# UNAVAILABLE and 503 ask to come again.
GRPC_ANSWERS = frozenset({"OK", "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", "UNAVAILABLE"})
OTLP_ANSWERS = frozenset({"200", "400", "413", "503"})
HTTP_ANSWERS = OTLP_ANSWERS | {"404", "405", "415", "431", CLOSED}
SCRAPE_ANSWERS = frozenset({"200", "400", "404", "405", "414", "431", "501", "503", "505", "no status", CLOSED})
CONSOLE_ANSWERS = frozenset(
    {"200", "206", "303", "304", "307", "400", "401", "403", "404", "405", "408", "413", "416", "502", "503", CLOSED}
)


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
    exports = traffic.user_exports(seed)
    return _processor(folder, lambda processor: grpc_kinds(processor.port, exports, GRPC_ANSWERS))


def processor_http(folder: Path, seed: int) -> AbstractContextManager[Target]:
    exports = traffic.user_exports(seed)
    return _processor(folder, lambda processor: http_kinds(processor.http_port, exports, OTLP_ANSWERS, HTTP_ANSWERS))


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
        return web_client.ask_own(f"{self._url}/api/definition", timeout=30).raise_for_status().content

    def _run(self) -> None:
        while not self._ending.wait(1.0):
            try:
                same = self._ask() == self._expected
            except httpx.HTTPError as error:
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
    "agent": agent_grpc,
    "agent-http": agent_http,
    "processor": processor_grpc,
    "processor-http": processor_http,
    "exposition": exposition,
    "console": console,
}
