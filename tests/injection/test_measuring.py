"""An application that brings nothing of ours is measured under its servers, exactly."""

import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reduse.injection.targets import VERSIONS
from reduse.wire import user_hash
from tests.injection import operator
from tests.injection.test_shadowing import APPLICATION
from tests.otlp_receiver import OtlpReceiver
from tests.ports import free_port
from tests.process import Process
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.server
KEY = "0123456789abcdef"
REQUESTS = 40
ROUTES = ("/items/{number}", "/items/<number>")


@contextmanager
def served(pod: Path, command: list[str], port: int, endpoint: str) -> Iterator[None]:
    own = {"REDUSE_USER_HASH_KEY": KEY, "REDUSE_USER_RESOLVERS": "header:X-User", "OTEL_METRIC_EXPORT_INTERVAL": "200"}
    environment = operator.injected(pod, endpoint, operator.plain(**own))
    with Process(command, pod / "server.log", environment=environment, directory=APPLICATION) as process:
        process.wait_until(lambda: answers(port) is not None)
        yield
        process.stop()
        assert "Traceback" not in process.output()
        assert "not measured" not in process.output()


def answers(port: int, user: str = "ann") -> str | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", "/items/7", headers={"X-User": user})
        return connection.getresponse().read().decode()
    except OSError:
        return None
    finally:
        connection.close()


def servers(bin_folder: Path, port: int) -> dict[str, list[str]]:
    python = str(bin_folder / "python")
    uvicorn = [python, "-m", "uvicorn", "served:app", f"--port={port}"]
    return {
        "uvicorn": uvicorn,
        "uvicorn console script": [str(bin_folder / "uvicorn"), "served:app", f"--port={port}"],
        "uvicorn workers": [*uvicorn, "--workers=2"],
        "gunicorn flask": [
            *(str(bin_folder / "gunicorn"), "served_by_flask:app", f"--bind=127.0.0.1:{port}", "--workers=2"),
        ],
        "gunicorn": [
            *(str(bin_folder / "gunicorn"), "served:app", f"--bind=127.0.0.1:{port}", "--workers=2"),
            "--worker-class=uvicorn.workers.UvicornWorker",
        ],
        "gunicorn preload": [
            *(str(bin_folder / "gunicorn"), "served:app", f"--bind=127.0.0.1:{port}", "--workers=2", "--preload"),
            "--worker-class=uvicorn.workers.UvicornWorker",
        ],
    }


CASES = [(version, "uvicorn") for version in VERSIONS] + [
    (VERSIONS[0], each) for each in servers(Path(), 0) if each != "uvicorn"
]


@pytest.mark.parametrize(("version", "server"), CASES)
def test_every_request_and_user_arrives(pod: Path, python_of: Callable[[str], Path], version: str, server: str) -> None:
    port = free_port()
    command = servers(python_of(version).parent, port)[server]
    pids = []
    with OtlpReceiver() as receiver:
        with served(pod, command, port, receiver.endpoint):
            pids += [answers(port, "bob") for _ in range(REQUESTS)]
        users = receiver.user_counts()
        points = receiver.latest("http.server.request.duration")
    assert None not in pids
    assert users[user_hash(KEY.encode(), "bob")] == REQUESTS
    # The first is that for which the test waited.
    assert +users == {user_hash(KEY.encode(), "bob"): REQUESTS, user_hash(KEY.encode(), "ann"): 1}
    assert sum(point.value for point in points) == REQUESTS + 1
    assert {point.attributes["http.route"] for point in points} == {ROUTES["flask" in server]}
    assert {point.service for point in points} == {"shop"}
    assert all(point.instance.startswith("shop.shop-7d9c.shop") or "preload" in server for point in points)
    assert len({point.instance for point in points}) == len(set(pids))
