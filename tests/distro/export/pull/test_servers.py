"""OTEL_METRICS_EXPORTER=prometheus under the real servers: one worker is exact, several are refused."""

import signal
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reduse.distro.base.errors import EXIT_STATUS
from reduse.distro.base.semantic_conventions import DURATION_BOUNDS
from reduse.distro.export.pull.page import STARTUP_FAILURE
from tests.distro.export.pull.scrape import Samples, labelled, named, scrape
from tests.distro.servers import Server, gunicorn, uvicorn
from tests.ports import free_port
from tests.waiting import wait_until

pytestmark = pytest.mark.server

DURATION = "http_server_request_duration_seconds"
APP = "tests.distro.lifecycle_app:app"


class ScrapedServer(Server):
    """A server in pull mode; `page` is the port of its page."""

    def __init__(self, command: list[str], **changes: str) -> None:
        self.page = free_port()
        port = {"OTEL_EXPORTER_PROMETHEUS_PORT": str(self.page)}
        # Nothing is pushed: nobody listens there.
        super().__init__("http://127.0.0.1:1", command, OTEL_METRICS_EXPORTER="prometheus", **port, **changes)

    def samples(self) -> Samples:
        return scrape(self.page)

    def instance(self) -> str:
        """The instance that answers; nothing while none does."""
        try:
            (labels,) = labelled(self.samples(), "target_info")
        except OSError:
            return ""
        return labels["service_instance_id"]


def counted(samples: Samples) -> float:
    return sum(named(samples, f"{DURATION}_count"))


def test_bounds_of_its_own_are_on_the_page() -> None:
    """What takes 0.7 s or more is counted above them."""
    with ScrapedServer(uvicorn(), REDUSE_DURATION_BOUNDS="0.3,0.65,600") as server:
        wait_until(lambda: server.instance() != "", "a page before the first request")
        server.ask(2, path="/slow")
        samples = server.samples()
    buckets = {dict(labels)["le"]: value for (name, labels), value in samples.items() if name == f"{DURATION}_bucket"}
    assert buckets.keys() == {*map(str, DURATION_BOUNDS), "0.3", "0.65", "600.0", "+Inf"}
    assert (buckets["0.3"], buckets["0.65"], buckets["600.0"]) == (0, 0, 2)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(uvicorn("--lifespan=off"), id="uvicorn"),
        pytest.param(gunicorn("--workers=1"), id="gunicorn"),
        pytest.param(gunicorn("--workers=1", "--preload"), id="gunicorn-preload"),
    ],
)
def test_one_worker_is_scraped_to_the_request(command: list[str]) -> None:
    """While requests come in, each page agrees with itself and goes on from the one before."""
    with ScrapedServer(command) as server:
        wait_until(lambda: server.instance() != "", "a page before the first request")
        assert counted(server.samples()) == 0
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(server.ask, 500, users=["ann", "bob"])
            pages = [server.samples()]
            while not asking.done():
                pages.append(server.samples())
            answered = asking.result()
        pages += [server.samples(), server.samples()]
        output = server.signal(signal.SIGTERM)
    assert answered.total() == 500
    assert len(pages) > 3
    counts = [counted(page) for page in pages]
    assert counts == sorted(counts)
    assert counts[-2:] == [500, 500]
    for page in pages:
        of_any_duration = (
            value for (name, labels), value in page.items() if name == f"{DURATION}_bucket" and ("le", "+Inf") in labels
        )
        assert sum(of_any_duration) == counted(page)
    assert len({frozenset(labels.items()) for page in pages for labels in labelled(page, "target_info")}) == 1
    assert named(pages[-1], "http_server_active_requests") == [0]
    assert named(pages[-1], "process_cpu_time_seconds_total")
    assert output.count("requests are not counted by user") == 1


def test_the_workers_of_one_place_take_the_page_over_from_each_other() -> None:
    """gunicorn starts the new worker before the old one has ended, on a reload."""
    with ScrapedServer(gunicorn("--workers=1")) as server:
        server.ask(30)
        first = server.instance()
        assert counted(server.samples()) == 30
        server._process.send_signal(signal.SIGHUP)
        wait_until(lambda: server.instance() not in ("", first), "the page of the new worker")
        before = counted(server.samples())
        server.ask(20)
        assert counted(server.samples()) - before == 20
        output = server.signal(signal.SIGTERM)
    assert "is already in use" not in output


def test_uvicorn_with_reload_is_one_worker(tmp_path: Path) -> None:
    """The supervisor that watches the files has no page, and a replaced worker gives the port to the next."""
    with ScrapedServer(uvicorn("--reload", f"--reload-dir={tmp_path}"), WEB_CONCURRENCY="4") as server:
        assert server.ask(20).total() == 20
        assert counted(server.samples()) == 20
        first = server.instance()
        (tmp_path / "changed.py").touch()
        wait_until(lambda: server.instance() not in ("", first), "the page of the new worker")
        server.ask(10)
        assert counted(server.samples()) == 10


@pytest.mark.parametrize(
    ("command", "changes"),
    [
        pytest.param(uvicorn("--workers=2"), {}, id="uvicorn"),
        pytest.param(uvicorn(), {"WEB_CONCURRENCY": "2"}, id="uvicorn-WEB_CONCURRENCY"),
        pytest.param(["python", "-c", f"import uvicorn; uvicorn.run({APP!r}, workers=2)"], {}, id="uvicorn.run"),
        pytest.param(gunicorn("-w", "2"), {}, id="gunicorn"),
        pytest.param(gunicorn("--preload"), {"GUNICORN_CMD_ARGS": "--workers=3"}, id="gunicorn-GUNICORN_CMD_ARGS"),
        pytest.param(gunicorn(), {"WEB_CONCURRENCY": "2"}, id="gunicorn-WEB_CONCURRENCY"),
    ],
)
def test_several_workers_are_refused_by_their_supervisor(command: list[str], changes: dict[str, str]) -> None:
    server = ScrapedServer(command, **changes)
    lines = Counter(server.run().splitlines())
    (line,) = (line for line in lines if line.startswith("reduse:"))
    assert lines[line] == 1
    assert "does not support" in line
    assert "run one worker, or push with OTEL_METRICS_EXPORTER=otlp" in line
    assert server.status == EXIT_STATUS


@pytest.mark.parametrize("command", [uvicorn(), gunicorn("--workers=1")], ids=["uvicorn", "gunicorn"])
def test_a_server_ends_with_one_line_when_the_port_is_taken(command: list[str]) -> None:
    server = ScrapedServer(command)
    with socket.create_server(("127.0.0.1", server.page)):
        output = server.run()
    (line,) = (line for line in output.splitlines() if line.startswith("reduse:"))
    assert f"OTEL_EXPORTER_PROMETHEUS_PORT={server.page} is already in use" in line
    assert server.status == STARTUP_FAILURE
    assert "Traceback" not in output
