"""Faults of the stack as a whole."""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psutil

from reduse.errors import StackError
from reduse.soak.faults.processes import UNEXPORTED_SECONDS, lost_by_services
from reduse.soak.losses import Loss
from reduse.soak.site import Site
from reduse.stack.leftovers import end_family, find

# The kernel writes what is that old (vm.dirty_expire_centisecs), looks for it each 5 s, and ext4 commits each 5 s.
UNWRITTEN_SECONDS = 40.0


@contextmanager
def second_up(site: Site, _: str) -> Iterator[Sequence[Loss]]:
    """Somebody starts the stack once more. Raises StackError where that is not refused, or ends anything."""
    before = _pids(site)
    finished = site.reduse("up", "--no-load", "--detach")
    said = finished.stderr.strip()
    if finished.returncode != 1 or "already running" not in said:
        raise StackError(f"a second `up` was not refused (exit status {finished.returncode}): {said}")
    if _pids(site) != before:
        raise StackError("a second `up` was refused, and processes have ended by it.")
    yield ()


@contextmanager
def supervisor_killed(site: Site, _: str) -> Iterator[Sequence[Loss]]:
    """`kill -9` of the supervisor: its parts run on, until `up` ends them and starts all anew."""
    pid = site.supervisor.pid()
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
    yield ()
    site.up()


@contextmanager
def power_lost(site: Site, _: str) -> Iterator[Sequence[Loss]]:
    """All processes die at once, and the disks lose what was not written yet; the databases' have none to lose."""
    pid = site.supervisor.pid()
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
    while left := find(site.settings):
        family = [process for each in left for process in each.family()]
        for process in family:
            _kill(process)
        end_family(family, 0)
    losses = lost_by_services(
        site, site.services, UNWRITTEN_SECONDS if site.disks else UNEXPORTED_SECONDS, "not written when power was lost"
    )
    try:
        for disk in site.disks.values():
            disk.lose_power()
        yield losses
    finally:
        site.up()


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def _pids(site: Site) -> dict[str, int]:
    return {str(process["name"]): int(process["pid"]) for process in site.supervisor.processes()}
