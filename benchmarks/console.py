"""What the console of the running stack costs: CPU of its process while sixty panels are looked at.

Run it with `./reduse bench console`. Viewers ask as the page does, by streams of server-sent events.
"""

import argparse
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from urllib.parse import urlencode

import psutil

from reduse import web_client
from reduse.monitoring import companies
from reduse.monitoring.dashboards.boards import boards
from reduse.operation.access import CONSOLE_TOKEN
from reduse.settings import secret_files
from reduse.settings.stack import Settings, load_settings
from reduse.stack.supervision import Supervisor

PANELS = 60
RANGE_SECONDS = 900
# The first round asks for the whole range, those after it for a column.
WARM_UP_SECONDS = 10


@dataclass(frozen=True)
class Cost:
    """`cores`: CPU seconds a second of the console's process; `kilobytes`: a second of each viewer."""

    viewers: int
    panels: int
    cores: float
    kilobytes: float
    rss_megabytes: float


def topics(settings: Settings) -> tuple[list[str], int]:
    """Those of the first dashboards that have sixty panels in all, and how many these are."""
    found, panels = ["state"], 0
    for board in boards(companies.load(settings.watch_file)):
        values = {variable.name: variable.default for variable in board.variables}
        for number, section in enumerate(board.sections):
            if panels < PANELS and not section.folded:
                query = {"board": board.uid, "section": number, "seconds": RANGE_SECONDS, **values}
                found.append(f"panels?{urlencode(query)}")
                panels += len(section.panels)
    return found, panels


@contextmanager
def looking(url: str, headers: dict[str, str]) -> Iterator[list[int]]:
    """A viewer, and how many bytes it got so far."""
    got, ended = [0], threading.Event()

    def read() -> None:
        with web_client.own(timeout=30, headers=headers) as client, client.stream("GET", url) as answer:
            for piece in answer.raise_for_status().iter_raw():
                got[0] += len(piece)
                if ended.is_set():
                    return

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield got
    finally:
        ended.set()
        thread.join()


def measure(settings: Settings, viewers: int, seconds: float) -> Cost:
    pid = next((int(each["pid"]) for each in Supervisor(settings).processes() if each["name"] == "console"), 0)
    if not pid:
        raise SystemExit("no console is running: see `./reduse status`.")
    process = psutil.Process(pid)
    names, panels = topics(settings)
    url = f"http://127.0.0.1:{settings.console_port}/api/stream?{urlencode([('topic', name) for name in names])}"
    token = (
        {"Authorization": f"Bearer {secret_files.read(settings.secrets_dir, CONSOLE_TOKEN)}"}
        if settings.security
        else {}
    )
    with ExitStack() as opened:
        bytes_of = [opened.enter_context(looking(url, token)) for _ in range(viewers)]
        time.sleep(WARM_UP_SECONDS)
        before, bytes_before, began = sum(process.cpu_times()[:2]), sum(map(sum, bytes_of)), time.monotonic()
        time.sleep(seconds)
        spent, took = sum(process.cpu_times()[:2]) - before, time.monotonic() - began
        got = sum(map(sum, bytes_of)) - bytes_before
        return Cost(viewers, panels, spent / took, got / took / viewers / 1e3, process.memory_info().rss / 1e6)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench console")
    parser.add_argument("--viewers", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    cost = measure(load_settings(), given.viewers, given.seconds)
    if given.json:
        sys.stdout.write(json.dumps(asdict(cost), indent=1) + "\n")
        return
    sys.stdout.write(
        f"{cost.panels} panels, {cost.viewers} viewers: {cost.cores:.3f} cores, {cost.kilobytes:.0f} kB/s for each "
        f"viewer, {cost.rss_megabytes:.0f} MB of memory\n"
    )


if __name__ == "__main__":
    main()
