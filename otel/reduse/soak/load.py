"""The load of a soak: the company's own, which counts what it sends."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reduse import web_client
from reduse.errors import StackError
from reduse.soak.site import Site
from reduse.stack import company_processes, interruption

# Requests under way at the end are waited for.
STOP_SECONDS = 15
REPORT_SECONDS = 60


@contextmanager
def running(site: Site, rate: float, report: Path) -> Iterator[None]:
    """Send so many requests a second until the block ends; then the report is there.

    Raises StackError when the load ends before, or leaves no report.
    """
    part = next(company_processes.load(site.installation))
    command = [*part.command[: part.command.index("--stop-timeout")], "--stop-timeout", str(STOP_SECONDS)]
    log = site.folder / "load.log"
    process = None
    try:
        with log.open("ab") as output, interruption.deferred():
            process = subprocess.Popen(
                command,
                env={
                    **web_client.without_proxies(os.environ),
                    **part.environment,
                    "LOAD_RATE": str(rate),
                    "LOAD_REPORT_FILE": str(report),
                },
                cwd=part.directory,
                stdout=output,
                stderr=output,
            )
        time.sleep(1)
        yield
        if process.poll() is not None:
            raise StackError(f"the load has ended by itself: see {log}")
    finally:
        if process is not None:
            _end(process)
    if not report.exists():
        raise StackError(f"the load has left no report: see {log}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS + REPORT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
