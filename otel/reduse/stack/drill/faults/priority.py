"""CPU time for a service, also on a machine that is busy with something else."""

import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

AHEAD = -15
"""Niceness: about thirty times the share of what has none."""

PROC = Path("/proc")
POLL_SECONDS = 0.2


@contextmanager
def ahead_of_others(url: str) -> Iterator[None]:
    """Until the block ends, who listens at this address of this machine gets CPU time before other processes.

    So do this thread and those that it starts meanwhile, and its session: who is to keep a service busy has to ask
    often enough.

    A fault that takes a whole core would else be none where others want the cores too. Only root may: for others, and
    for a service on another machine, this does nothing. One after another on a machine: two at once would leave nothing
    of two cores to all others.
    """
    with _alone():
        yield from _ahead(url)


def _ahead(url: str) -> Iterator[None]:
    port = urlsplit(url).port
    processes = _listening(port)
    asking = threading.get_native_id()
    asking_before = os.getpriority(os.PRIO_PROCESS, asking)
    before = dict(_niceness_of_threads(processes))
    sessions = [PROC / str(process) / "autogroup" for process in ("self", *(each.pid for each in processes))]
    # Linux may share the cores between sessions first, and then niceness counts within one only.
    groups = {path: found for path in sessions if (found := _niceness_of_session(path)) is not None}
    try:
        for thread in (asking, *before):
            _set(thread, AHEAD)
        for path in groups:
            _set_session(path, AHEAD)
        yield
    finally:
        for path, niceness in groups.items():
            _set_session(path, niceness)
        # Threads that began meanwhile took it over.
        usual = max(before.values(), default=0)
        for thread, _ in _niceness_of_threads(_listening(port)):
            _set(thread, before.get(thread, usual))
        _set(asking, asking_before)


@contextmanager
def _alone() -> Iterator[None]:
    """Waits while another process of this machine is in here. The name goes with the process, however it ends."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as name:
        while not _bound(name):
            time.sleep(POLL_SECONDS)
        yield


def _bound(name: socket.socket) -> bool:
    try:
        name.bind("\0reduse-drill-ahead")
    except OSError:
        return False
    return True


def _listening(port: int | None) -> list[psutil.Process]:
    try:
        found = {each.pid for each in psutil.net_connections("tcp") if _listens(each, port)}
        return [psutil.Process(pid) for pid in found if pid is not None]
    except psutil.Error:
        return []


def _listens(connection: Any, port: int | None) -> bool:
    return bool(connection.status == psutil.CONN_LISTEN and connection.laddr.port == port)


def _niceness_of_threads(processes: Iterable[psutil.Process]) -> Iterator[tuple[int, int]]:
    """By the number of each thread; one that ends meanwhile is left out."""
    for process in processes:
        with suppress(psutil.Error, ProcessLookupError):
            for thread in process.threads():
                yield thread.id, os.getpriority(os.PRIO_PROCESS, thread.id)


def _set(thread: int, niceness: int) -> None:
    with suppress(PermissionError, ProcessLookupError):
        os.setpriority(os.PRIO_PROCESS, thread, niceness)


def _niceness_of_session(path: Path) -> int | None:
    """Of a line such as `/autogroup-17 nice 0`; None where the kernel has no such groups."""
    try:
        return int(path.read_text(encoding="ascii").split()[-1])
    except (OSError, ValueError, IndexError):
        return None


def _set_session(path: Path, niceness: int) -> None:
    with suppress(OSError):
        path.write_text(str(niceness), encoding="ascii")
