"""The lifecycle application under different servers, and requests to it of which each has a connection of its own."""

import http.client
import signal
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import psutil

from tests.distro.service import SCRIPTS, Service, instrumented
from tests.waiting import PATIENCE_SECONDS, wait_until

# What arrives under this interval was sent because the process was ending.
ONLY_AT_THE_END = {"OTEL_METRIC_EXPORT_INTERVAL": "60000"}


class Server(Service):
    """Started like a service; what it runs is given as a command with `{port}` in it."""

    def __init__(self, endpoint: str, command: Sequence[str], **changes: str) -> None:
        super().__init__(endpoint, **changes)
        program, *arguments = (word.format(port=self.port) for word in command)
        self._command = [str(SCRIPTS / program), *arguments]

    @property
    def status(self) -> int | None:
        """How the process ended."""
        return self._process.returncode

    def run(self) -> str:
        """Start a server that is expected to end by itself; its output."""
        self._process = instrumented(self._command, self._variables)
        return self.ends()

    def ends(self) -> str:
        """The output, when the process has ended by itself."""
        self.output, _ = self._process.communicate(timeout=PATIENCE_SECONDS)
        return self.output

    def signal(self, number: signal.Signals) -> str:
        """Send a signal; the output when the process has ended."""
        self._process.send_signal(number)
        return self.ends()

    def children(self) -> set[int]:
        return {child.pid for child in psutil.Process(self.pid).children()}

    def ask(self, requests: int, path: str = "/pid", users: Sequence[str] = ("",), threads: int = 8) -> Counter[int]:
        """So many requests, by the users in turn, concurrently; how many each process answered.

        A request whose connection was closed without an answer is not counted here, and must not be by the service.
        """
        with ThreadPoolExecutor(threads) as pool:
            answered = pool.map(lambda number: self._ask_once(path, users[number % len(users)]), range(requests))
            return Counter(pid for pid in answered if pid is not None)

    def ask_until(self, workers: int) -> Counter[int]:
        """Requests until so many processes have answered."""
        answered: Counter[int] = Counter()

        def all_have_answered() -> bool:
            answered.update(self.ask(8))
            return len(answered) >= workers

        wait_until(all_have_answered, f"an answer of {workers} workers")
        return answered

    def _ask_once(self, path: str, user: str) -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", path, headers={"X-User": user} if user else {})
            response = connection.getresponse()
            text = response.read()
        except OSError:
            return None
        finally:
            connection.close()
        return int(text) if response.status == http.HTTPStatus.OK else None


def uvicorn(*arguments: str, app: str = "app") -> list[str]:
    """uvicorn's command line."""
    return ["uvicorn", f"tests.distro.lifecycle_app:{app}", "--port={port}", "--no-access-log", *arguments]


def gunicorn(*arguments: str) -> list[str]:
    """gunicorn's command line, with uvicorn's worker."""
    worker = "--worker-class=uvicorn_worker.UvicornWorker"
    # Two gunicorns of one user share the default path of the control socket.
    bind = "--bind=127.0.0.1:{port}"
    return ["gunicorn", "tests.distro.lifecycle_app:app", bind, worker, "--no-control-socket", *arguments]


def by_size(counts: Iterable[float]) -> list[float]:
    """The counts that are not 0, in order: processes and instances go by different names."""
    return sorted(count for count in counts if count)
