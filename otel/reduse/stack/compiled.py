"""What the processors compile at their first start: made by root once, and given to each as a copy.

numba uses a cache only where it may write, and a part may not write beside the code. Without a copy each processor of
each state folder would compile for half a minute.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from reduse.settings.stack import Settings
from reduse.stack import commands, identity, least_privilege

# An engine whose windows are joined goes ways of its own.
PROGRAM = "from reduse.processor.compilation import compile_ahead as f; f(); f(joined=True)"
VARIABLE = "NUMBA_CACHE_DIR"
SOURCES = Path(__file__).parents[1] / "processor"
STAMP = "made-of"
"""A file beside what is compiled: what it depends on."""
LOCK = "lock"


def environment(settings: Settings, part: str) -> dict[str, str]:
    """Where this part finds and keeps what is compiled; nothing where that is beside the code."""
    return {VARIABLE: str(_folder(settings, part))} if identity.privileged() else {}


def made_once(settings: Settings) -> Path:
    """The folder of what is compiled, kept for every state folder."""
    return settings.cache / "compiled"


def provide(settings: Settings) -> None:
    """Compile what is not compiled yet, and give it to the processors. Raises CommandError."""
    made, stamp = made_once(settings), _stamp()
    made.mkdir(parents=True, exist_ok=True)
    # Who starts at the same time waits, and has it then.
    with _locked(made / LOCK):
        if _read(made / STAMP) != stamp:
            commands.run(
                [sys.executable, "-c", PROGRAM],
                log=settings.log_dir / "setup.log",
                cure=f"Remove {made} and try again.",
                environment={"PATH": os.environ["PATH"], VARIABLE: str(made)},
            )
            (made / STAMP).write_text(stamp, encoding="utf-8")
        for name in settings.processor_names:
            _give(made, _folder(settings, name), stamp)


def _give(made: Path, folder: Path, stamp: str) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with least_privilege.as_owner_of(folder.parent):
        if _read(folder / STAMP) == stamp:
            return
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(made, folder, ignore=shutil.ignore_patterns(LOCK, STAMP))
        (folder / STAMP).write_text(stamp, encoding="utf-8")


def _stamp() -> str:
    """A digest of what numba looks at: sources and their times, its version, Python's, and the kind of CPU."""
    known = [version("numba"), version("llvmlite"), platform.python_version(), _kind_of_cpu()]
    for source in sorted(SOURCES.rglob("*.py")):
        status = source.stat()
        known.append(f"{source} {status.st_size} {status.st_mtime_ns}")
    return hashlib.sha256("\n".join(known).encode()).hexdigest()


def _kind_of_cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Until the block ends, or the process does."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _folder(settings: Settings, part: str) -> Path:
    return settings.data_dir / part / "compiled"
