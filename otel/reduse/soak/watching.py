"""Looks at the stack every few seconds while it runs."""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx
import psutil

from reduse import web_client
from reduse.errors import StackError
from reduse.operation.access import own_access
from reduse.settings.stack import Settings
from reduse.soak.disks import BALLAST
from reduse.soak.site import Site
from reduse.soak.watched import Seen
from reduse.stack.supervision import Supervisor
from reduse.store.client import StoreClient

SECONDS = 5.0
SIZES_EACH = 6
ANSWER_SECONDS = 3.0
IDENTITY = ("job", "instance", "service", "queue", "goal", "window", "reason", "severity")


class Watching:
    """A thread that adds a line to `file` every few seconds until the block ends."""

    def __init__(self, site: Site, file: Path) -> None:
        self._site = site
        self._file = file
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ending.set()
        self._thread.join()

    def _look(self) -> None:
        number = 0
        with self._file.open("a", encoding="utf-8") as file:
            while not self._ending.wait(SECONDS):
                seen = Seen(
                    round(time.time(), 1),
                    memory(self._site.supervisor),
                    sizes(self._site.settings) if number % SIZES_EACH == 0 else {},
                    tuple(sorted(alerts(self._site.settings))),
                )
                file.write(seen.line() + "\n")
                file.flush()
                number += 1


def memory(supervisor: Supervisor) -> dict[str, tuple[int, int]]:
    """By part its process and its bytes in memory, with those of its children; what does not run is left out."""
    found: dict[str, tuple[int, int]] = {}
    with suppress(StackError, psutil.Error):
        for process in supervisor.processes():
            if process["pid"]:
                with suppress(psutil.Error):
                    found[str(process["name"])] = (process["pid"], memory_of_family(process["pid"]))
    return found


def memory_of_family(pid: int) -> int:
    """Bytes in memory of a process and its children. Raises psutil.Error when it has ended.

    In proportion (PSS): what several of them share, as those of a database do their buffers, is counted once.
    """
    head = psutil.Process(pid)
    return sum(_proportional(each) for each in (head, *head.children(recursive=True)))


def _proportional(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_full_info().pss)
    return 0


def sizes(settings: Settings) -> dict[str, tuple[int, int]]:
    """By folder below that of the data, and of the logs; the history apart from its processor's state."""
    folders = [*(settings.data_dir.iterdir() if settings.data_dir.is_dir() else ()), settings.log_dir]
    history = settings.data_dir / "processor" / "history"
    found = {folder.name: _size(folder, without=history) for folder in folders if folder.is_dir()}
    return found | ({"history": _size(history)} if history.is_dir() else {})


def _size(folder: Path, without: Path | None = None) -> tuple[int, int]:
    size = files = 0
    for path, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if Path(path, each) != without]
        for name in names:
            if name == BALLAST:
                continue
            with suppress(OSError):
                size += Path(path, name).lstat().st_size
                files += 1
    return size, files


def alerts(settings: Settings) -> set[str]:
    """Those that fire, as Prometheus and Alertmanager say; nothing of one that does not answer."""
    found: set[str] = set()
    with suppress(StackError), StoreClient(own_access(settings), timeout=ANSWER_SECONDS) as client:
        found |= {
            alert_name(alert["labels"])
            for alert in client.get("/api/v1/alerts")["alerts"]
            if alert["state"] == "firing"
        }
    with suppress(httpx.HTTPError, ValueError, KeyError):
        address = f"http://127.0.0.1:{settings.alertmanager_port}/api/v2/alerts"
        told = web_client.ask_own(address, timeout=ANSWER_SECONDS).json()
        found |= {alert_name(alert["labels"]) for alert in told if alert["status"]["state"] == "active"}
    return found


def alert_name(labels: dict[str, str]) -> str:
    """Such as `MonitoringPartDown{job="prometheus"}`."""
    inside = ",".join(f'{name}="{labels[name]}"' for name in IDENTITY if name in labels)
    return f"{labels['alertname']}{{{inside}}}"
