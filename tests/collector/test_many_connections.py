"""Thousands of connections to the agent that say little take little memory, and whoever is connected is served."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.collector import pipeline as pipelines
from tests.collector.pipeline import Pipeline
from tests.fuzz.innocent import Innocent
from tests.fuzz.ways import Ways
from tests.http2 import PREFACE, SETTINGS, frame
from tests.sockets import allow_many_files
from tests.waiting import wait_until

pytestmark = pytest.mark.server

CONNECTIONS = 5_000
MORE_BYTES = 250 << 20
SERVED = 3
"""Exports of somebody else while the connections are open."""
FILES = 300
"""So few may the agent have open; it needs less than 50 for itself."""

SAID = {
    "grpc silent": b"",
    "grpc without a call": PREFACE + frame(SETTINGS),
    "http silent": b"",
    "http half a head": b"POST /v1/metrics HTTP/1.1\r\nhost: agent\r\n",
}


@dataclass(frozen=True)
class Beside:
    """A pipeline, and somebody who exports to it each second all the while."""

    pipeline: Pipeline
    innocent: Innocent

    @property
    def agent(self) -> psutil.Process:
        return psutil.Process(self.pipeline.agent.pid)

    def is_served(self) -> None:
        """Return when a few more exports were taken, none of them after a refusal."""
        before = self.innocent.exports
        wait_until(lambda: self.innocent.exports > before + SERVED, "further exports")
        assert not self.innocent.refused

    def newcomer_is_served(self) -> None:
        with Ways(self.pipeline) as ways:
            assert ways.by_name["agent gRPC"](b"").taken
            assert ways.by_name["agent HTTP"](b"").taken


@pytest.fixture(scope="module")
def beside(otelcol: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    """In the end all exports are in the store as they were sent."""
    folder = tmp_path_factory.mktemp("connections")
    # On a slow machine it would have closed the first before the last are there.
    with pipelines.running(otelcol, folder, cuts_off=False) as running, Ways(running) as ways:
        innocent = Innocent(ways.by_name["agent gRPC"])
        with innocent:
            yield Beside(running, innocent)
        wait_until(lambda: not innocent.wrong(running), "the innocent's samples in the store")


def connect(pipeline: Pipeline, kind: str, number: int, opened: ExitStack) -> None:
    port = pipeline.agent_http_port if kind.startswith("http") else pipeline.agent.port
    for _ in range(number):
        opened.enter_context(socket.create_connection(("127.0.0.1", port))).sendall(SAID[kind])


@pytest.mark.parametrize("kind", SAID)
def test_thousands_of_connections_harm_nobody(beside: Beside, kind: str) -> None:
    allow_many_files()
    before = beside.agent.memory_info().rss
    with ExitStack() as opened:
        connect(beside.pipeline, kind, CONNECTIONS, opened)
        wait_until(lambda: beside.agent.num_fds() > CONNECTIONS, "that the agent has taken them")
        beside.is_served()
        beside.newcomer_is_served()
        assert beside.agent.memory_info().rss - before < MORE_BYTES
    wait_until(lambda: beside.agent.num_fds() < FILES, "that the agent has closed them")


@pytest.mark.parametrize("kind", SAID)
def test_an_agent_without_files_left_serves_who_is_connected_and_others_afterwards(beside: Beside, kind: str) -> None:
    pid = beside.agent.pid
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (FILES, limits[1]))
    try:
        with ExitStack() as opened:
            connect(beside.pipeline, kind, 2 * FILES, opened)
            wait_until(lambda: beside.agent.num_fds() >= FILES - 1, "that the agent has no files left")
            beside.is_served()
        beside.newcomer_is_served()
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
