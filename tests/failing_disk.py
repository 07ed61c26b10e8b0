"""A disk that fails or hangs, as far as one process is concerned: strace answers its calls on a folder in its place."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.process import Process
from tests.waiting import wait_until

# What reaches a disk; the names of some differ between processors, for which there is the question mark.
CALLS = (
    *("read", "write", "pread64", "pwrite64", "fsync", "fdatasync", "ftruncate"),
    *("openat", "getdents64", "newfstatat", "?statx", "?unlink", "unlinkat", "?rename", "?mkdir"),
)
FAILS = "error=EIO"
READ_ONLY = "error=EROFS"


def strace(folder: Path, answer: str, *options: str, calls: tuple[str, ...] = CALLS) -> list[str]:
    """A command, to be followed by a program, which runs in its place, or given `-p` and a process in `options`.

    Args:
        folder: it and the files that are in it, and those that the processor makes there, are on the disk.
        answer: what the calls get, as `-e inject` of strace has it.
    """
    program = shutil.which("strace")
    if program is None:
        pytest.skip("no program `strace`, which is in Debian's package of that name")
    made_later = [folder / name for name in ("probe", "state.sqlite-wal", "state.sqlite-shm")]
    there = [path for path in folder.rglob("*") if path not in made_later]
    paths = [option for path in (folder, *there, *made_later) for option in ("-P", str(path))]
    chosen = ",".join(calls)
    expressions = ["-e", f"trace={chosen}", "-e", f"inject={chosen}:{answer}"]
    detached = [] if options else ["--daemonize"]
    return [program, *detached, "--follow-forks", "--quiet=all", "-o", "/dev/null", *expressions, *paths, *options]


@contextmanager
def failing_disk(
    pid: int, folder: Path, answer: str = FAILS, *, calls: tuple[str, ...] = CALLS, log: Path
) -> Iterator[None]:
    """Until the block ends each call on the folder gets that answer. `log` is for what strace says."""
    process = Process(strace(folder, answer, "-p", str(pid), calls=calls), log)
    process.start()
    try:
        process.wait_until(lambda: _traced(pid))
        yield
    finally:
        process.stop()
        wait_until(lambda: not _traced(pid), "strace to let the process go")


def _traced(pid: int) -> bool:
    """All threads; a process that has ended is traced by nobody."""
    try:
        told = [(task / "status").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return False
    return bool(told) and all("TracerPid:\t0\n" not in status for status in told)
