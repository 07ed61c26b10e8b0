"""/healthz while the process lives, /readyz while it takes requests; see test_shutdown for the end."""

import contextlib
import sqlite3
import time
from pathlib import Path

import pytest

from tests.processor.exports import SECOND, export
from tests.processor.process import Client, running, starting
from tests.processor.sink import Sink
from tests.small_disk import small_disk
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.server


def test_a_processor_that_still_restores_is_healthy_and_not_ready(sink: Sink, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with running(state, sink.port) as processor:
        assert processor.terminate() == 0
    with contextlib.closing(sqlite3.connect(state / "state.sqlite", isolation_level=None)) as other:
        # Restoring waits for whoever has the file to himself.
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with starting(state, sink.port) as processor:
            wait_until(lambda: processor.answers("/healthz"), "health")
            assert processor.get("/readyz")[0] == 503
            assert processor.get("/metrics")[0] == 200
            other.execute("ROLLBACK")
            other.close()
            wait_until(lambda: processor.answers("/readyz"), "readiness")
            assert processor.get("/healthz")[0] == 200


def test_a_processor_told_to_stop_while_it_restores_ends_well(sink: Sink, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with running(state, sink.port) as processor:
        assert processor.terminate() == 0
    with contextlib.closing(sqlite3.connect(state / "state.sqlite", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with starting(state, sink.port) as processor:
            wait_until(lambda: processor.answers("/healthz"), "health")
            processor.process.terminate()
            other.execute("ROLLBACK")
            other.close()
            assert processor.process.wait(PATIENCE_SECONDS) == 0
            assert processor.log.read_text().count("accepting OTLP") == 1, "the first one alone opened its doors"


def fill(folder: Path) -> Path:
    """Until the disk takes no byte more."""
    path = folder / "filling"
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return path


@pytest.mark.parametrize("heard", [False, True])
def test_readiness_follows_the_disk_without_a_request(sink: Sink, tmp_path: Path, heard: bool) -> None:
    """Whoever gets no requests because it is not ready learns by itself that it is again."""
    with (
        small_disk(tmp_path / "disk", 64) as disk,
        running(disk / "state", sink.port, HISTORY_BYTES="0") as processor,
    ):
        if heard:
            end = time.time_ns()
            with contextlib.closing(Client(processor.port)) as client:
                client.send(export(end - SECOND, end, {f"{1:016x}": 1}))
        filling = fill(disk)
        wait_until(lambda: processor.get("/readyz")[0] == 503, "the full disk to be seen")
        assert processor.get("/healthz")[0] == 200
        assert processor.metric("reduse_processor_state_available") == 0
        filling.unlink()
        wait_until(lambda: processor.answers("/readyz"), "room to be seen")
        assert processor.metric("reduse_processor_state_available") == 1
        assert processor.terminate() == 0


def test_a_state_folder_that_is_gone_is_seen(sink: Sink, tmp_path: Path) -> None:
    with running(tmp_path / "state", sink.port, HISTORY_BYTES="0") as processor:
        (tmp_path / "state").rename(tmp_path / "elsewhere")
        wait_until(lambda: processor.get("/readyz")[0] == 503, "the missing folder to be seen")
        (tmp_path / "elsewhere").rename(tmp_path / "state")
        wait_until(lambda: processor.answers("/readyz"), "the folder to be seen")
