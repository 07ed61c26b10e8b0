"""The real processor as a process, and a client of it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError

import grpc
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from tests.intruders import METHOD, PLAIN_TEXT, Identity
from tests.ports import free_port
from tests.process import Process
from tests.waiting import PATIENCE_SECONDS


@dataclass
class Running:
    process: Process
    port: int
    metrics_port: int
    http_port: int

    @property
    def log(self) -> Path:
        return self.process.log

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.metrics_port}{path}", timeout=PATIENCE_SECONDS
            ) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, ""

    def answers(self, path: str) -> bool:
        """Whether there is somebody who says 200; AssertionError when the process has ended."""
        assert self.process.alive, self.process.output()
        try:
            return self.get(path)[0] == 200
        except OSError:
            return False

    def metric(self, name: str, **labels: str) -> float:
        """Sum over its series that have these labels."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        lines = [line for line in self.get("/metrics")[1].splitlines() if line.split("{")[0].split(" ")[0] == name]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if all(label in line for label in wanted))

    def kill(self) -> None:
        self.process.kill()

    def terminate(self) -> int:
        status = self.process.stop()
        assert status is not None
        return status


def environment(state: Path, port: int, metrics_port: int, gateway_port: int, **settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REDUSE_")}
    own = {
        "ENDPOINT": f"127.0.0.1:{port}",
        "HTTP_ENDPOINT": "",
        "GATEWAY": f"http://127.0.0.1:{gateway_port}",
        "METRICS_PORT": str(metrics_port),
        "STATE_DIR": str(state),
    }
    return kept | {f"REDUSE_PROCESSOR_{name}": value for name, value in (own | settings).items()}


@contextmanager
def starting(
    state: Path, gateway_port: int, port: int = 0, http_port: int = 0, *, under: Sequence[str] = (), **settings: str
) -> Iterator[Running]:
    """A processor that may not take requests yet; killed at the end if it is still there.

    `under`: the beginning of a command that starts it.
    """
    port, http_port, metrics_port = port or free_port(), http_port or free_port(), free_port()
    settings = {"HTTP_ENDPOINT": f"127.0.0.1:{http_port}"} | settings
    process = Process(
        [*under, sys.executable, "-W", "error", "-m", "reduse.processor"],
        state.with_suffix(".log"),
        environment=environment(state, port, metrics_port, gateway_port, **settings),
    )
    process.start()
    try:
        yield Running(process, port, metrics_port, http_port)
    finally:
        process.kill()


@contextmanager
def running(state: Path, gateway_port: int, port: int = 0, http_port: int = 0, **settings: str) -> Iterator[Running]:
    """A processor that takes requests; killed at the end if it is still there."""
    with starting(state, gateway_port, port, http_port, **settings) as processor:
        processor.process.wait_until(lambda: processor.answers("/readyz"))
        yield processor


class Client:
    """Sends as the agent does: the same request again until it is taken."""

    def __init__(
        self, port: int, compression: grpc.Compression = grpc.Compression.Gzip, identity: Identity = PLAIN_TEXT
    ) -> None:
        again = [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 100)]
        self._channel = identity.channel(port, again, compression)
        self._export: grpc.UnaryUnaryMultiCallable[ExportMetricsServiceRequest, ExportMetricsServiceResponse] = (
            self._channel.unary_unary(
                METHOD,
                request_serializer=ExportMetricsServiceRequest.SerializeToString,
                response_deserializer=ExportMetricsServiceResponse.FromString,
            )
        )

    def send(
        self, request: ExportMetricsServiceRequest, timeout: float = PATIENCE_SECONDS
    ) -> ExportMetricsServiceResponse:
        return self._export(request, timeout=timeout)

    def send_until_taken(self, request: ExportMetricsServiceRequest) -> None:
        while True:
            try:
                self._export(request, timeout=PATIENCE_SECONDS, wait_for_ready=True)
            except grpc.RpcError as error:
                if error.code() not in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}:
                    raise
            else:
                return

    def send_bytes(self, body: bytes) -> bytes:
        raw: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(METHOD)
        return raw(body, timeout=PATIENCE_SECONDS)

    def close(self) -> None:
        self._channel.close()


def refusal(state: Path, gateway_port: int, port: int, **settings: str) -> str:
    """The one line with which a processor that cannot start ends; its log, which is JSON, may have others."""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-m", "reduse.processor"],
        env=environment(state, port, free_port(), gateway_port, **settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2, ended.stderr
    (line,) = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    return line


@contextmanager
def busy(state: Path) -> Iterator[None]:
    """Nobody can write the state: a commit waits, for at most five seconds."""
    with closing(sqlite3.connect(state / "state.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
