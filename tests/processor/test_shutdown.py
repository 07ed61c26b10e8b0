"""The real process told to stop: what was acknowledged is counted, what was refused is not."""

import contextlib
import http.client
import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Protocol

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from tests.ports import free_port
from tests.processor.exports import SECOND, export
from tests.processor.http_client import HttpClient
from tests.processor.process import Client, running
from tests.processor.sink import Sink
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.server

SENDERS = 3


class Fate(Enum):
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"  # by the processor, in so many words
    UNKNOWN = "unknown"  # the connection broke


class Sender(Protocol):
    def send(self, message: ExportMetricsServiceRequest) -> Fate: ...

    def close(self) -> None: ...


class OverGrpc:
    def __init__(self, port: int) -> None:
        self._client = Client(port)
        self.close = self._client.close

    def send(self, message: ExportMetricsServiceRequest) -> Fate:
        try:
            self._client.send(message)
        except grpc.RpcError as error:
            if error.code() not in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}:
                raise
            return Fate.REFUSED if "send again" in (error.details() or "") else Fate.UNKNOWN
        return Fate.ACKNOWLEDGED


class OverHttp:
    def __init__(self, port: int) -> None:
        self._client = HttpClient(port)
        self.close = self._client.close

    def send(self, message: ExportMetricsServiceRequest) -> Fate:
        try:
            answer = self._client.send(message)
        except (OSError, http.client.HTTPException):
            return Fate.UNKNOWN
        assert answer.status in {200, 503}, answer
        return Fate.ACKNOWLEDGED if answer.status == 200 else Fate.REFUSED


class Senders:
    """Each sends for an instance of its own, without a pause, until told to stop and everything has a fate."""

    def __init__(self, doors: dict[str, Callable[[], Sender]]) -> None:
        self.acknowledged = 0
        self.fates: Counter[tuple[str, Fate]] = Counter()
        self.failures: list[BaseException] = []
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, args=(f"{door}-{number}", door, connect()))
            for door, connect in doors.items()
            for number in range(SENDERS)
        ]
        for thread in self._threads:
            thread.start()

    def _run(self, instance: str, door: str, sender: Sender) -> None:
        draw, end = random.Random(instance), time.time_ns() - SECOND  # noqa: S311
        try:
            while not self._stop.is_set():
                start, end = end, max(time.time_ns(), end + 1)
                users = {f"{draw.randrange(100):016x}": draw.randrange(1, 9) for _ in range(20)}
                self._settle(door, sender, export(start, end, users, instance=instance), sum(users.values()))
        except BaseException as error:
            self.failures.append(error)
            raise
        finally:
            sender.close()

    def _settle(self, door: str, sender: Sender, message: ExportMetricsServiceRequest, requests: int) -> None:
        """What broke is sent again, which is recognised as a repeat; what was refused is given up."""
        while (fate := sender.send(message)) is Fate.UNKNOWN:
            with self._lock:
                self.fates[door, fate] += 1
            time.sleep(0.05)
        with self._lock:
            self.fates[door, fate] += 1
            self.acknowledged += requests if fate is Fate.ACKNOWLEDGED else 0

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        assert not self.failures


def test_sigterm_in_the_middle_of_streams_over_both_doors_leaves_exactly_what_was_acknowledged(
    sink: Sink, tmp_path: Path
) -> None:
    port, http_port, state, chance = free_port(), free_port(), tmp_path / "state", random.Random(3)  # noqa: S311
    senders: Senders | None = None
    for _ in range(4):
        with running(state, sink.port, port, http_port) as processor:
            senders = senders or Senders({"grpc": lambda: OverGrpc(port), "http": lambda: OverHttp(http_port)})
            time.sleep(chance.uniform(0.5, 1.5))
            assert processor.terminate() == 0
            assert "ERROR" not in processor.log.read_text()
    assert senders is not None
    with running(state, sink.port, port, http_port) as processor:
        time.sleep(0.5)
        senders.stop()
        assert {door for door, fate in senders.fates if fate is Fate.ACKNOWLEDGED} == {"grpc", "http"}
        expected = {"user": senders.acknowledged, "anonymous": 0, "overflow": 0}
        wait_until(lambda: sink.last("reduse.user.requests") == expected, f"{expected}")
        time.sleep(1)
        assert sink.last("reduse.user.requests") == expected


def test_what_is_under_way_is_acknowledged_after_its_commit_and_readiness_ends_at_once(
    sink: Sink, tmp_path: Path
) -> None:
    state, end = tmp_path / "state", time.time_ns() // SECOND * SECOND
    fates: list[Fate] = []
    with running(state, sink.port) as processor:
        senders: tuple[Sender, Sender] = OverGrpc(processor.port), OverHttp(processor.http_port)
        messages = [export(end - SECOND, end, {f"{1:016x}": 5}, instance=name) for name in ("one", "two")]
        threads = [
            threading.Thread(target=lambda s=sender, m=message: fates.append(s.send(m)))
            for sender, message in zip(senders, messages, strict=True)
        ]
        with contextlib.closing(sqlite3.connect(state / "state.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for thread in threads:
                thread.start()
            # A commit waits for 5 s.
            time.sleep(1.5)
            processor.process.terminate()
            wait_until(lambda: processor.get("/readyz")[0] == 503, "unreadiness")
            assert processor.get("/healthz")[0] == 200
            assert not fates, "nothing is acknowledged before its commit"
            other.execute("ROLLBACK")
        for thread, sender in zip(threads, senders, strict=True):
            thread.join()
            sender.close()
        assert processor.process.wait(PATIENCE_SECONDS) == 0
    with running(state, sink.port):
        expected = {"user": 5 * fates.count(Fate.ACKNOWLEDGED), "anonymous": 0, "overflow": 0}
        assert fates == [Fate.ACKNOWLEDGED, Fate.ACKNOWLEDGED]
        wait_until(lambda: sink.last("reduse.user.requests") == expected, f"{expected}")


def test_a_sender_that_gives_up_waiting_stops_nobody_and_is_counted_once(sink: Sink, tmp_path: Path) -> None:
    state, end = tmp_path / "state", time.time_ns() // SECOND * SECOND
    with running(state, sink.port) as processor:
        client, message = Client(processor.port), export(end - SECOND, end, {f"{1:016x}": 5})
        with contextlib.closing(sqlite3.connect(state / "state.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(grpc.RpcError) as caught:
                client.send(message, timeout=1)
            assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            other.execute("ROLLBACK")
        wait_until(lambda: processor.metric("reduse_processor_points_received_total") == 2, "the commit")
        client.send_until_taken(message)
        assert processor.metric("reduse_processor_points_duplicate_total") == 2
        client.close()
        expected = {"user": 5, "anonymous": 0, "overflow": 0}
        wait_until(lambda: sink.last("reduse.user.requests") == expected, f"{expected}")
        assert processor.terminate() == 0
