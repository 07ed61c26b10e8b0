"""Processors, the balancer before them, the gateway and Prometheus behind them: all real, on ports of their own."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from reduse.stack import collector
from reduse.stack.query import PrometheusClient
from reduse.stack.settings import load_settings
from tests.behaviours.server import Server
from tests.collector.configuration import FOLDER
from tests.ports import free_port
from tests.processor.process import Running, running


class Cluster:
    """Starts what it is asked for; all of it ends with the block."""

    def __init__(self, otelcol: Path, balancer: Path, folder: Path) -> None:
        self._balancer = balancer
        self._folder = folder
        self._stack = ExitStack()
        configuration = folder / "prometheus.yml"
        configuration.write_text("{}", encoding="utf-8")
        self.prometheus = Server(
            [
                "prometheus",
                f"--config.file={configuration}",
                f"--storage.tsdb.path={folder / 'prometheus'}",
                "--web.listen-address=127.0.0.1:{port}",
                "--web.enable-remote-write-receiver",
                "--log.level=warn",
            ],
            {},
            folder / "prometheus.log",
        )
        self._gateway = self._collector(
            otelcol,
            "gateway",
            REDUSE_PROMETHEUS_URL=self.prometheus.url,
            REDUSE_GATEWAY_HEALTH_ENDPOINT=_free_endpoint(),
            REDUSE_GATEWAY_METRICS_PORT=str(free_port()),
        )

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.prometheus)
            stack.enter_context(self._gateway)
            self.client = stack.enter_context(PrometheusClient(self.prometheus.url))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def processor(self, name: str, port: int = 0) -> Running:
        """A processor whose state is kept under its name."""
        return self._stack.enter_context(running(self._folder / name, self._gateway.port, port))

    @contextmanager
    def balancer(self, processors: Sequence[Running]) -> Iterator[Server]:
        """The balancer of these processors until the block ends."""
        hostnames = ", ".join(f"127.0.0.1:{processor.port}" for processor in processors)
        server = self._collector(
            self._balancer,
            "balancer",
            REDUSE_PROCESSORS=f"[{hostnames}]",
            REDUSE_BALANCER_HEALTH_ENDPOINT=_free_endpoint(),
            REDUSE_BALANCER_METRICS_PORT=str(free_port()),
        )
        with server:
            yield server

    def _collector(self, binary: Path, name: str, **variables: str) -> Server:
        command = [
            str(binary),
            f"--config={FOLDER / name}.yaml",
            "--set=receivers.otlp.protocols.grpc.endpoint=127.0.0.1:{port}",
        ]
        return Server(command, variables, self._folder / f"{name}-{time.monotonic_ns()}.log")


def _free_endpoint() -> str:
    return f"127.0.0.1:{free_port()}"


def built(recipe: str) -> Path | None:
    """The collector of this recipe, if there is one."""
    return collector.find(load_settings(), recipe)
