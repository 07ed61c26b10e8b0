"""Services in other languages say who sent how much, by docs/wire.md: exact at the real processor."""

import http.client
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reduse.processor.core.refusal import Refusal
from reduse.wire import METRIC, OVERFLOW_MARK, USER_HASH, user_hash
from tests.examples.guide import ROOT
from tests.ports import free_port
from tests.process import Process
from tests.processor.process import running
from tests.processor.sink import Sink
from tests.waiting import PATIENCE_SECONDS, wait_until

KEY = "0123456789abcdef0123456789abcdef"
USERS = {"ann": 7, "bob@example.org": 40, "Ödön": 1, "a b": 3}
PAGE = (ROOT / "docs" / "wire.md").read_text("utf-8")
SOURCES = {
    "go": ROOT / "examples" / "go" / "userstream" / "stream.go",
    "javascript": ROOT / "examples" / "javascript" / "user_stream.mjs",
}


@pytest.fixture(scope="module", params=["go", "javascript"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command of the example server; skipped where its language is not installed."""
    tool = {"go": "go", "javascript": "node"}[request.param]
    found = shutil.which(tool) or shutil.which(tool, path="/usr/local/go/bin")
    if found is None:
        pytest.skip(f"no {tool} here")
    if request.param == "javascript":
        return [found, str(ROOT / "examples" / "javascript" / "server.mjs")]
    built = tmp_path_factory.mktemp("go") / "server"
    subprocess.run([found, "build", "-o", str(built), "."], cwd=ROOT / "examples" / "go", check=True, timeout=240)
    return [str(built)]


@contextmanager
def serving(command: list[str], endpoint: str, folder: Path) -> Iterator[int]:
    port = free_port()
    environment = os.environ | {
        "OTEL_SERVICE_NAME": "parcels",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "REDUSE_USER_HASH_KEY": KEY,
        "PORT": str(port),
    }
    with Process(command, folder / "example.log", environment=environment) as process:
        process.wait_until(lambda: answered(port, "/", None))
        yield port
        assert process.stop() == 0
        assert "refused" not in process.output()


def answered(port: int, path: str, user: str | None) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path, headers={"X-User": user.encode()} if user else {})
        connection.getresponse().read()
    except OSError:
        return False
    finally:
        connection.close()
    return True


def send(port: int) -> None:
    for user, requests in USERS.items():
        assert all(answered(port, "/", user) for _ in range(requests))
    # Whoever was refused is not who they say.
    assert answered(port, "/refused", "mallory")


def rates(sink: Sink) -> dict[str, float]:
    """Requests by user: the rate of each window of a second."""
    found: dict[str, float] = {}
    for key, points in sink.samples("reduse.user.rate").items():
        user = dict(key)["user"]
        found[user] = found.get(user, 0) + sum(point.as_double for point in points.values() if not point.flags)
    return found


@pytest.mark.server
def test_users_and_counts_are_exact(program: list[str], tmp_path: Path) -> None:
    with Sink() as sink, running(tmp_path / "state", sink.port) as processor:
        with serving(program, f"http://127.0.0.1:{processor.http_port}", tmp_path) as port:
            send(port)
        total = sum(USERS.values())
        wait_until(lambda: sink.last("reduse.user.requests").get("user") == total, "every request")
        # The one by which the test waited, and the refused one.
        assert sink.last("reduse.user.requests") == {"user": total, "anonymous": 2, "overflow": 0}
        assert processor.metric("reduse_processor_points_refused_total") == 0
        found = {user: pytest.approx(count) for user, count in rates(sink).items() if len(user) == 16}
        assert found == {user_hash(KEY.encode(), user): count for user, count in USERS.items()}


@pytest.mark.server
def test_what_was_counted_while_the_receiver_is_away_arrives_once(program: list[str], tmp_path: Path) -> None:
    http_port = free_port()
    with Sink() as sink, serving(program, f"http://127.0.0.1:{http_port}", tmp_path) as port:
        send(port)
        time.sleep(1.5)
        with running(tmp_path / "state", sink.port, http_port=http_port):
            total = sum(USERS.values())
            wait_until(lambda: sink.last("reduse.user.requests").get("user") == total, "every request")
            time.sleep(1.5)
            assert sink.last("reduse.user.requests")["user"] == total


@pytest.mark.parametrize("language", SOURCES)
def test_an_example_uses_the_names_of_the_contract(language: str) -> None:
    source = SOURCES[language].read_text("utf-8")
    assert {METRIC, USER_HASH, OVERFLOW_MARK} <= set(re.findall(r'"([a-z.]+)"', source))


def test_the_page_names_what_the_code_names() -> None:
    assert {METRIC, USER_HASH, OVERFLOW_MARK} <= set(re.findall(r"`([^`]+)`", PAGE))
    refusals = set(re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.MULTILINE))
    assert refusals == {reason.value for reason in Refusal}


def test_the_pages_hashes_are_right() -> None:
    rows = re.findall(r"^\| `([0-9a-f]{16})` \| (\".*\") \|$", PAGE, re.MULTILINE)
    assert len(rows) >= 3
    assert all(user_hash(KEY.encode(), json.loads(user)) == expected for expected, user in rows)


def test_no_other_python_file_spells_the_stream() -> None:
    """One place names it."""
    package = ROOT / "otel" / "reduse"
    names = [f'"{METRIC}"', f'"{USER_HASH}"']
    spelled = [
        path.relative_to(package)
        for path in package.rglob("*.py")
        if any(name in line for line in path.read_text("utf-8").splitlines() for name in names if line[:1] != "#")
    ]
    assert spelled == [Path("wire.py")]
