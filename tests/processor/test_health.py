"""/healthz while the process lives, /readyz while it takes requests; see test_shutdown for the end."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import wait_until
from tests.processor.process import running, starting
from tests.processor.sink import Sink

pytestmark = pytest.mark.server


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as started:
        yield started


def test_a_processor_that_still_restores_is_healthy_and_not_ready(sink: Sink, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with running(state, sink.port) as processor:
        assert processor.terminate() == 0
    with contextlib.closing(sqlite3.connect(state / "state.sqlite", isolation_level=None)) as other:
        # Restoring waits for whoever has the file to himself.
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with starting(state, sink.port) as processor:
            wait_until(lambda: processor.answers("/healthz"), 20, "health")
            assert processor.get("/readyz")[0] == 503
            assert processor.get("/metrics")[0] == 200
            other.execute("ROLLBACK")
            other.close()
            wait_until(lambda: processor.answers("/readyz"), 20, "readiness")
            assert processor.get("/healthz")[0] == 200


def test_a_processor_told_to_stop_while_it_restores_ends_well(sink: Sink, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with running(state, sink.port) as processor:
        assert processor.terminate() == 0
    with contextlib.closing(sqlite3.connect(state / "state.sqlite", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with starting(state, sink.port) as processor:
            wait_until(lambda: processor.answers("/healthz"), 20, "health")
            processor.process.terminate()
            other.execute("ROLLBACK")
            other.close()
            assert processor.process.wait(20) == 0
            assert processor.log.read_text().count("accepting OTLP") == 1, "the first one alone opened its doors"
