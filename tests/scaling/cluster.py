"""Processors, the balancer before them, the gateway and Prometheus behind them: all real, on ports of their own."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from reduse.settings.stack import load_settings
from reduse.stack import collector
from reduse.store.client import StoreClient
from tests.behaviours.server import Server
from tests.collector import servers
from tests.ports import free_port
from tests.processor.process import Running, running


class Cluster:
    """Starts what it is asked for; all of it ends with the block."""

    def __init__(self, otelcol: Path, balancer: Path, folder: Path) -> None:
        self._balancer = balancer
        self._folder = folder
        self._stack = ExitStack()
        self.prometheus = servers.prometheus(folder, {})
        self._gateway = servers.gateway(otelcol, folder, self.prometheus.url)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.prometheus)
            stack.enter_context(self._gateway)
            self.client = stack.enter_context(StoreClient(self.prometheus.url))
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
        server = servers.collector(
            self._balancer,
            "balancer",
            self._folder,
            REDUSE_PROCESSORS=f"[{hostnames}]",
            REDUSE_BALANCER_HEALTH_ENDPOINT=f"127.0.0.1:{free_port()}",
            REDUSE_BALANCER_METRICS_PORT=str(free_port()),
        )
        with server:
            yield server


def built(recipe: str) -> Path | None:
    """The collector of this recipe, if there is one."""
    return collector.find(load_settings(), recipe)
