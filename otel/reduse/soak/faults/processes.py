"""Processes that are killed, stand still, or are stopped and started again."""

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import psutil

from reduse.errors import StackError
from reduse.soak.losses import Loss
from reduse.soak.site import Site
from reduse.stack.drill.faults.parts import part_stopped

# A service exports each second; one export may be on its way when it dies.
UNEXPORTED_SECONDS = 2.5


@contextmanager
def killed(site: Site, part: str) -> Iterator[Sequence[Loss]]:
    """`kill -9` of the part and all that it started; its supervisor starts it again."""
    for process in _family(site, part):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    yield lost_by_services(site, [part], UNEXPORTED_SECONDS, f"{part} killed before it exported")


def lost_by_services(site: Site, parts: Sequence[str], seconds: float, why: str) -> Sequence[Loss]:
    """What those of the parts that are services, dead by now, answered in the last so many seconds."""
    now = time.time()
    return [Loss(part, now - seconds, now, why) for part in parts if part in site.services]


@contextmanager
def paused(site: Site, part: str) -> Iterator[Sequence[Loss]]:
    """All its processes get SIGSTOP, and SIGCONT at the end."""
    family = _family(site, part)
    try:
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGSTOP)
        yield ()
    finally:
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)


@contextmanager
def restarted(site: Site, part: str) -> Iterator[Sequence[Loss]]:
    """It is stopped as one does it, and started again at the end."""
    with part_stopped(site.installation, site.supervisor, part):
        yield ()


def _family(site: Site, part: str) -> list[psutil.Process]:
    """Raises StackError when it does not run."""
    for process in site.supervisor.processes():
        if process["name"] == part and process["pid"]:
            with suppress(psutil.NoSuchProcess):
                head = psutil.Process(process["pid"])
                return [head, *head.children(recursive=True)]
    raise StackError(f"{part} does not run: see its log in {site.settings.log_dir}.")
