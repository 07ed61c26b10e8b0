"""Parts whose supervisor was killed: each carries in its environment what it is, and of which state folder."""

import os
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from reduse.settings.stack import Settings
from reduse.stack import identity
from reduse.stack.part import STORES

PART = "REDUSE_PART"
STATE_FOLDER = "REDUSE_PART_OF"
STAGE = "REDUSE_PART_STAGE"
STOP_SIGNAL = "REDUSE_PART_STOP"

GRACE_SECONDS = 30.0
KILLED_SECONDS = 15.0
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Leftover:
    """A process of a part that nobody keeps, its children not counted."""

    process: psutil.Process
    part: str
    stage: int
    stop_signal: str

    def family(self) -> list[psutil.Process]:
        with suppress(psutil.Error):
            return [self.process, *self.process.children(recursive=True)]
        return [self.process]


def marks(settings: Settings, part: str, stage: int, stop_signal: str) -> dict[str, str]:
    """The environment by which a process of this part is known later."""
    return {PART: part, STATE_FOLDER: _place(settings), STAGE: str(stage), STOP_SIGNAL: stop_signal}


def find(settings: Settings) -> list[Leftover]:
    """Every process of this state folder's parts whose parent is none of them, the last to be started first.

    To be asked when its supervisor does not run. Processes of other state folders and of others are never among them.
    """
    place = _place(settings)
    own = psutil.Process().username()
    data = os.path.realpath(settings.data_dir)
    found: dict[int, Leftover] = {}
    parents: dict[int, int] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            # Root's parts are of users of their own.
            if process.pid == os.getpid() or not (identity.privileged() or process.username() == own):
                continue
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            leftover = _marked(process, process.environ(), place) or _of_database(process, data)
            # Asked now: a child that ends meanwhile has no parent any more.
            parents[process.pid] = process.ppid()
            if leftover is not None:
                found[process.pid] = leftover
    roots = [each for pid, each in found.items() if parents[pid] not in found]
    return sorted(roots, key=lambda each: (-each.stage, each.part))


def _marked(process: psutil.Process, environment: Mapping[str, str], place: str) -> Leftover | None:
    if PART not in environment or not same_place(environment.get(STATE_FOLDER, ""), place):
        return None
    stage = environment.get(STAGE, "0")
    stop_signal = environment.get(STOP_SIGNAL, "TERM")
    known = f"SIG{stop_signal}" in signal.Signals.__members__
    return Leftover(
        process, environment[PART], int(stage) if stage.isdecimal() else 0, stop_signal if known else "TERM"
    )


def _of_database(process: psutil.Process, data: str) -> Leftover | None:
    """PostgreSQL's own processes write their titles over their environment; they work in the instance's folder."""
    folder, _, part = process.cwd().rpartition("/") if process.name() == "postgres" else ("", "", "")
    return Leftover(process, part, STORES, "TERM") if folder and same_place(folder, data) else None


def same_place(one: str, other: str) -> bool:
    """Whether both name the same file or folder, by links or by mounts too."""
    if one == other:
        return True
    try:
        return Path(one).samefile(other)
    except (OSError, ValueError):
        return False


def _place(settings: Settings) -> str:
    return os.path.realpath(settings.state_dir)


def end(leftovers: Sequence[Leftover]) -> None:
    """Stop them as their supervisor would have: the last started first, each by its own signal, with time to end."""
    for stage in sorted({each.stage for each in leftovers}, reverse=True):
        there = [each for each in leftovers if each.stage == stage]
        family = [process for each in there for process in each.family()]
        for each in there:
            with suppress(psutil.Error):
                each.process.send_signal(signal.Signals[f"SIG{each.stop_signal}"])
        end_family(family, GRACE_SECONDS)


def end_family(family: Iterable[psutil.Process], grace_seconds: float) -> None:
    """Wait until all have ended, and kill those that do not in time."""
    alive = _wait(family, grace_seconds)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    _wait(alive, KILLED_SECONDS)


def _wait(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that are still there when all are gone or the time is over."""
    deadline = time.monotonic() + seconds
    while alive := [process for process in processes if _runs(process)]:
        if time.monotonic() > deadline:
            break
        processes = alive
        time.sleep(POLL_SECONDS)
    return alive


def _runs(process: psutil.Process) -> bool:
    # Where nobody waits for orphans, as in some containers, what has ended stays as a zombie.
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def told(leftovers: Sequence[Leftover]) -> str:
    """A sentence that names them."""
    names = ", ".join(f"{each.part} (process {each.process.pid})" for each in leftovers)
    return f"Left over from a supervisor that was killed: {names}."
