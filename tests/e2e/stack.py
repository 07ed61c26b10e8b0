"""The whole stack as a test sees it: started by the command line, on free ports, in a folder of its own."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from reduse.operation.access import stack_store
from reduse.settings.stack import Settings, settings_of
from reduse.stack.company_processes import load
from reduse.stack.installation import Installation
from reduse.stack.supervision import Supervisor
from reduse.store.client import QueryError, StoreClient
from tests.ports import free_port
from tests.process import Process
from tests.waiting import PATIENCE_SECONDS

START_SECONDS = 240
STOP_SECONDS = PATIENCE_SECONDS
LOAD_END_SECONDS = 180
POLL_SECONDS = 0.25


@dataclass(frozen=True)
class Stack:
    """A running stack: its settings, the environment that gives them, and Prometheus."""

    installation: Installation
    environment: dict[str, str]
    prometheus: StoreClient

    @property
    def settings(self) -> Settings:
        return self.installation.settings

    def reduse(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run the command line to its end."""
        return subprocess.run(
            [sys.executable, "-m", "reduse.cli", *arguments],
            env=self.environment,
            cwd=self.settings.root,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def checked(self) -> tuple[list[str], int]:
        """The rows that `./reduse check` finds live, in its order, and its status, once all are or patience ends."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            finished = self.reduse("check", "--json")
            if finished.returncode == 0 or time.monotonic() > deadline:
                rows = json.loads(finished.stdout)["rows"]
                return [row["row"] for row in rows if row["passed"]], finished.returncode

    def pid(self, part: str) -> int:
        return next(int(p["pid"]) for p in Supervisor(self.settings).processes() if p["name"] == part)

    def start_load(self, seconds: int, rate: float) -> "Load":
        """Start locust; its report tells how many requests each service answered."""
        report = Path(tempfile.mkdtemp(dir=self.settings.run_dir)) / "load.json"
        process = Process(
            [
                *[sys.executable, "-m", "locust", "-f", str(self.settings.root / "company" / "load" / "locustfile.py")],
                *["--headless", "--only-summary", "--users", "20", "--spawn-rate", "20"],
                *["--run-time", f"{seconds}s", "--stop-timeout", "15"],
            ],
            report.with_name("load.log"),
            environment={
                **os.environ,
                **next(load(self.installation)).environment,
                "LOAD_RATE": str(rate),
                "LOAD_REPORT_FILE": str(report),
            },
            directory=self.settings.root,
        )
        process.start()
        return Load(process, report)

    def wait_for(self, promql: str, expected: float) -> float:
        """The value of `promql` once it is `expected`, or what it still is when patience ends."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            late = time.monotonic() > deadline
            try:
                value = self.prometheus.scalar(promql) or 0.0
            except QueryError:
                # It is started again.
                if late:
                    raise
            else:
                if value == expected or late:
                    return value
            time.sleep(POLL_SECONDS)

    def values(self, queries: Sequence[str]) -> list[float]:
        return [self.prometheus.scalar(promql) or 0.0 for promql in queries]

    def settled(self, queries: Sequence[str], still_seconds: float = 5) -> list[float]:
        """The values of `queries` when none of them has moved for some seconds."""
        values, since = self.values(queries), time.monotonic()
        while time.monotonic() - since < still_seconds:
            time.sleep(POLL_SECONDS)
            if (now := self.values(queries)) != values:
                values, since = now, time.monotonic()
        return values


@dataclass(frozen=True)
class Load:
    """A run of locust."""

    process: Process
    report: Path

    def stop(self) -> None:
        """End it before its time, and be it while it starts: there may be no report."""
        self.process.stop(LOAD_END_SECONDS)
        shutil.rmtree(self.report.parent)

    def finish(self) -> dict[str, Any]:
        """Wait for the end and return the report."""
        self.process.wait(LOAD_END_SECONDS)
        assert self.report.exists(), self.process.output()
        report: dict[str, Any] = json.loads(self.report.read_text())
        # It names users, who are to be found nowhere in the stack's folder.
        shutil.rmtree(self.report.parent)
        return report


@contextmanager
def running_stack(**variables: str) -> Iterator[Stack]:
    """Run `reduse up --no-load`, with further variables, until the block ends; then Ctrl-C; no process may be left."""
    with state_folder() as state, tempfile.TemporaryDirectory(prefix="reduse-e2e-log-") as told:
        environment = environment_on_free_ports(state, variables.get("REDUSE_WATCH")) | variables
        command = [sys.executable, "-u", "-m", "reduse.cli", "up", "--no-load"]
        process = Process(command, Path(told, "up.log"), environment=environment)
        settings = settings_of(environment)
        process.start()
        try:
            process.wait_until(lambda: "Running; Ctrl-C stops all." in process.output(), START_SECONDS)
            with stack_store(settings) as prometheus:
                yield Stack(Installation.of(settings, environment), environment, prometheus)
        finally:
            status = process.interrupt(STOP_SECONDS)
        assert status == 0
        assert processes_of(state) == []


@contextmanager
def state_folder() -> Iterator[Path]:
    """A folder for the stack's state, until the block ends; processes that a failed test left there go with it."""
    # Not pytest's own folder: the postgres user may not enter it.
    state = Path(tempfile.mkdtemp(prefix="reduse-e2e-"))
    state.chmod(0o755)
    try:
        yield state
    finally:
        kill_processes_of(state)
        shutil.rmtree(state, ignore_errors=True)


def environment_on_free_ports(state: Path, watch: str | None = None) -> dict[str, str]:
    """The caller's environment with a state folder and a free port for every part of this company's installation."""
    settings = Settings(watch=Path(watch)) if watch else Settings()
    return {
        **os.environ,
        "REDUSE_STATE_DIR": str(state),
        "REDUSE_CACHE_DIR": os.environ.get("REDUSE_CACHE_DIR", str(Settings().cache)),
        **{name: str(free_port()) for name in Installation.of(settings).ports()},
    }


def processes_of(state: Path) -> list[psutil.Process]:
    """Processes whose command line or environment names this state folder."""
    found = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        try:
            words = [*process.cmdline(), *process.environ().values()]
        except psutil.Error:
            continue
        if any(str(state) in word for word in words):
            found.append(process)
    return found


def kill_processes_of(state: Path) -> None:
    """End what a failed test left behind."""
    for process in processes_of(state):
        with suppress(psutil.NoSuchProcess):
            process.kill()
