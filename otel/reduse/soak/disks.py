"""Small disks under the folders of the state: file systems of their own, so that one can be full or lose its power."""

import fcntl
import os
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from reduse.errors import StackError

MIB = 2**20
BALLAST = "soak-ballast"
# _IOR('X', 125, __u32) of the kernel's ext4.h, and the flag that neither data nor journal are written before.
_SHUTDOWN = 0x8004587D
_WITHOUT_FLUSH = 2
MKFS = "mkfs.ext4"
BUSY_SECONDS = 15.0


def can_be_made() -> bool:
    """Whether this process may make and mount them, which takes root and the loop device."""
    return os.geteuid() == 0 and Path("/dev/loop-control").exists() and shutil.which(MKFS) is not None


@dataclass(frozen=True)
class Disk:
    """An ext4 file system in a sparse file, mounted at a folder."""

    name: str
    place: Path
    image: Path
    mebibytes: int

    def mount(self) -> None:
        """Make it where it is not there. The folder has to be empty then."""
        self.place.mkdir(parents=True, exist_ok=True)
        if self.place.is_mount():
            return
        if not self.image.exists():
            self.image.parent.mkdir(parents=True, exist_ok=True)
            with self.image.open("wb") as file:
                file.truncate(self.mebibytes * MIB)
            # No share is kept back for root.
            _run(MKFS, "-q", "-F", "-m", "0", str(self.image))
        _run("mount", "-o", "loop", str(self.image), str(self.place))
        with suppress(OSError):
            (self.place / "lost+found").rmdir()
        # What filled the disk is there again if its removal was lost with the power, or the soak was killed meanwhile.
        (self.place / BALLAST).unlink(missing_ok=True)

    def unmount(self) -> None:
        """Raises StackError when somebody has it open for seconds: who only looks at it is soon gone."""
        deadline = time.monotonic() + BUSY_SECONDS
        while self.place.is_mount():
            try:
                _run("umount", str(self.place))
            except StackError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Until the block ends there is not a block free."""
        ballast = self.place / BALLAST
        try:
            with ballast.open("wb") as file:
                fill(file.fileno())
            yield
        finally:
            ballast.unlink(missing_ok=True)

    def lose_power(self) -> None:
        """Drop what was not written to the disk yet, as a machine does that loses its power, and mount it again.

        Nobody may have it open.
        """
        folder = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, _SHUTDOWN, struct.pack("I", _WITHOUT_FLUSH))
        finally:
            os.close(folder)
        self.unmount()
        self.mount()


def fill(descriptor: int) -> None:
    """Take every block that is free, in steps that halve."""
    status = os.fstatvfs(descriptor)
    step, at = status.f_bavail * status.f_frsize, 0
    while step >= status.f_frsize:
        try:
            os.posix_fallocate(descriptor, at, step)
            at += step
        except OSError:
            step //= 2


def _run(*command: str) -> None:
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise StackError(f"`{' '.join(command)}` failed: {finished.stderr.strip()}")
