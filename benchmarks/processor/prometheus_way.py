"""The same users without a processor: a series for each, through the gateway's collector into Prometheus.

A recording rule asks every ten seconds for what the processor says every second: who sends most.
"""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.distro.cpu import cpu_nanoseconds, pin
from benchmarks.processor.export_client import ExportClient
from benchmarks.processor.raw_series import PROMETHEUS_NAME, RawSeries
from benchmarks.processor.traffic import Slice
from reduse.errors import StackError
from reduse.settings.stack import load_settings
from reduse.stack import collector
from reduse.store.client import StoreClient
from reduse.yaml_text import write_yaml
from tests.collector import servers
from tests.server import Server

PROMETHEUS_WAY = "prometheus_way"
RULE_SECONDS = 10

_TOP = 20
# A rate takes two samples, and between the rounds none are written.
_RATE_SECONDS = 120
# Until what it was sent is there.
_SETTLE_SECONDS = 60
_RULE = "user:raw_user_requests:rate2m_top"
_TOP_USERS = f"topk({_TOP}, sum by (user_hash) (rate({PROMETHEUS_NAME}[{_RATE_SECONDS}s])))"
_RULE_FILE = {
    "groups": [
        {
            "name": "users",
            "interval": f"{RULE_SECONDS}s",
            "rules": [{"record": _RULE, "expr": _TOP_USERS}],
        }
    ]
}
_WRITERS = 2
_NANOSECONDS = 1_000_000_000


def lacks_parts() -> str | None:
    """Why this way cannot be measured."""
    if shutil.which("prometheus") is None:
        return "no prometheus on PATH: `./reduse up` installs it"
    try:
        found = collector.find(load_settings())
    except StackError as error:
        return str(error)
    return None if found else "no collector: name one in REDUSE_OTELCOL, or have one built by `./reduse up`"


class PrometheusWay:
    """Writes for `seconds`: ten of them have a sample of each user, and hold one evaluation of the rule."""

    def __init__(self, folder: Path, core: int | None, users: int, seconds: int) -> None:
        self._folder = folder
        self._core = core
        self._seconds = seconds
        self._series = RawSeries(users, time.time_ns())
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            prometheus = stack.enter_context(self._prometheus())
            gateway = stack.enter_context(self._gateway(prometheus.url))
            self._pids = (gateway.pid, prometheus.pid)
            if self._core is not None:
                pin(gateway.pid, self._core)
                pin(prometheus.pid, self._core)
            self._client = stack.enter_context(ExportClient(gateway.port))
            self._queries = stack.enter_context(StoreClient(prometheus.url))
            self._writers = stack.enter_context(ThreadPoolExecutor(_WRITERS))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def _prometheus(self) -> Server:
        rules = self._folder / "rules.yaml"
        rules.write_text(write_yaml(_RULE_FILE), encoding="utf-8")
        return servers.prometheus(self._folder, {"rule_files": [str(rules)]}, **self._processors())

    def _gateway(self, prometheus: str) -> Server:
        binary = collector.find(load_settings())
        if binary is None:
            raise RuntimeError(lacks_parts())
        return servers.gateway(binary, self._folder, prometheus, **self._processors())

    def _processors(self) -> dict[str, str]:
        # Go would start as many threads as there are cores, and share out its work to them.
        return {} if self._core is None else {"GOMAXPROCS": "1"}

    def measure(self, _load: Slice) -> float:
        """Data points a second of CPU, of collector and Prometheus together.

        Raises:
            RuntimeError: not every sample is in Prometheus.
        """
        before = sum(map(cpu_nanoseconds, self._pids))
        started = time.monotonic()
        written = self._series.samples
        for second in range(self._seconds):
            list(self._writers.map(self._client.export, self._series.bodies(time.time_ns())))
            time.sleep(max(0.0, started + second + 1 - time.monotonic()))
        spent = sum(map(cpu_nanoseconds, self._pids)) - before
        self._check()
        return (self._series.samples - written) * _NANOSECONDS / spent

    def _check(self) -> None:
        expected = self._series.samples
        deadline = time.monotonic() + _SETTLE_SECONDS
        while (found := self._queries.scalar(f"sum({PROMETHEUS_NAME})")) != expected and time.monotonic() < deadline:
            time.sleep(0.1)
        if found != expected:
            raise RuntimeError(f"Prometheus counted {found} of {expected} requests")
        # Nobody has a rate before the third sample is written: an evaluation may come too early for the second.
        rated = self._series.samples > 2 * self._series.users
        if rated and not self._queries.scalar(f"count(last_over_time({_RULE}[1m]))"):
            raise RuntimeError(f"the rule {_RULE} recorded nothing")
