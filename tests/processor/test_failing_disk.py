"""A disk that fails or hangs costs no counts: it is told at once, and what was acknowledged is there afterwards."""

import contextlib
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from tests.failing_disk import FAILS, READ_ONLY, failing_disk, strace
from tests.processor.exports import SECOND, export
from tests.processor.process import Client, Running, running, starting
from tests.processor.sink import Sink
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.server

USER = f"{1:016x}"
HANGS = "delay_enter=600000000"
WRITES = ("write", "pwrite64", "fsync", "fdatasync")


class Service:
    """An instance that sends a request of its user after another."""

    def __init__(self, processor: Running) -> None:
        self._port = processor.port
        self._time = time.time_ns() - SECOND
        self.sent = 0

    def send(self, port: int = 0) -> None:
        """Returns when it was taken."""
        start, self._time = self._time, max(time.time_ns(), self._time + 1)
        with contextlib.closing(Client(port or self._port)) as client:
            client.send_until_taken(export(start, self._time, {USER: 1}))
        self.sent += 1


def total(sink: Sink) -> int:
    return sink.last("reduse.user.requests").get("user", 0)


@pytest.mark.parametrize("answer", [FAILS, READ_ONLY], ids=["fails", "read-only"])
def test_it_is_seen_at_once_and_what_was_refused_is_counted_when_the_disk_is_back(
    sink: Sink, tmp_path: Path, answer: str
) -> None:
    state = tmp_path / "state"
    with running(state, sink.port) as processor:
        service = Service(processor)
        service.send()
        with failing_disk(processor.process.pid, state, answer, log=tmp_path / "strace.log"):
            wait_until(lambda: processor.get("/readyz")[0] == 503, "the failing disk to be seen")
            sending = threading.Thread(target=service.send)
            sending.start()
            # Some rounds of everything that the processor does by itself.
            time.sleep(5)
            assert processor.get("/healthz")[0] == 200
            assert processor.metric("reduse_processor_state_available") == 0
            assert sending.is_alive(), "a request was acknowledged that nobody can have written"
        wait_until(lambda: processor.answers("/readyz"), "the disk to be seen")
        sending.join(PATIENCE_SECONDS)
        service.send()
        assert service.sent == 3
        wait_until(lambda: total(sink) == 3, "all requests to be counted")
        assert processor.terminate() == 0
    assert processor.log.read_text().count("the state cannot be written") == 1
    with running(state, sink.port) as processor:
        service.send(processor.port)
        wait_until(lambda: total(sink) == 4, "the count to go on")


@pytest.mark.parametrize("what", ["state", "history"])
def test_a_disk_that_hangs_is_told_with_how_long(sink: Sink, tmp_path: Path, what: str) -> None:
    """Whichever it is: both are written by the one thread that everybody waits for."""
    state, history = tmp_path / "state", tmp_path / "history"
    with running(state, sink.port, HISTORY_DIR=str(history)) as processor:
        service = Service(processor)
        service.send()
        wait_until(lambda: any(history.glob("*.journal")), "the history to have begun")
        with failing_disk(processor.process.pid, tmp_path / what, HANGS, calls=WRITES, log=tmp_path / "strace.log"):
            sending = threading.Thread(target=service.send)
            sending.start()
            wait_until(lambda: processor.get("/readyz")[0] == 503, "the hanging disk to be seen")
            wait_until(lambda: "has not finished a write" in processor.log.read_text(), "a line in the log")
            assert processor.get("/healthz")[0] == 200
            assert processor.metric("reduse_processor_state_available") == 0
        wait_until(lambda: processor.answers("/readyz"), "the disk to be seen")
        wait_until(lambda: "has finished the write after" in processor.log.read_text(), "a line in the log")
        sending.join(PATIENCE_SECONDS)
        service.send()
        wait_until(lambda: total(sink) == 3, "all requests to be counted")
        assert processor.terminate() == 0
    assert processor.log.read_text().count("has not finished a write") == 1


def _begun_or_ended(processor: Running) -> bool:
    return not processor.process.alive or processor.answers("/readyz")


def test_a_state_that_cannot_be_read_at_the_start_is_left_as_it_is(sink: Sink, tmp_path: Path) -> None:
    """An empty state beside it would count from zero, although nothing is lost."""
    state = tmp_path / "state"
    with running(state, sink.port) as processor:
        service = Service(processor)
        service.send()
        wait_until(lambda: total(sink) == 1, "the request to be counted")
        assert processor.terminate() == 0
    calls = ("read", "pread64")
    for answer in (FAILS, f"{FAILS}:when=4", f"{FAILS}:when=6", f"{FAILS}:when=4+"):
        with starting(state, sink.port, under=strace(state, answer, calls=calls)) as processor:
            wait_until(partial(_begun_or_ended, processor), "its start or its end")
            if not processor.process.alive:
                assert processor.process.returncode == 1, processor.process.output()
                told = processor.process.output().splitlines()[-1]
                assert told.startswith(f"reduse-processor: the state in {state} cannot be opened now: ")
        assert not list(state.glob("damaged-*")), answer
    with running(state, sink.port) as processor:
        service.send(processor.port)
        wait_until(lambda: total(sink) == 2, "the count to go on")


def test_told_to_stop_while_the_disk_fails_it_ends_and_has_lost_nothing(sink: Sink, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with running(state, sink.port) as processor:
        service = Service(processor)
        service.send()
        with failing_disk(processor.process.pid, state, log=tmp_path / "strace.log"):
            wait_until(lambda: processor.get("/readyz")[0] == 503, "the failing disk to be seen")
            processor.process.terminate()
            assert processor.process.wait(PATIENCE_SECONDS) == 0
    with running(state, sink.port) as processor:
        service.send(processor.port)
        wait_until(lambda: total(sink) == 2, "the count to go on")
