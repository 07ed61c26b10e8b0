"""A disk of a soak: full, and without what was not written."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from reduse.soak.disks import Disk, can_be_made

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not can_be_made(), reason="file systems are made and mounted as root, on loop devices"),
]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk("small", tmp_path / "place", tmp_path / "images" / "small.img", 16)
    made.mount()
    yield made
    made.unmount()


def write(path: Path, *, synced: bool) -> None:
    with path.open("wb") as file:
        file.write(b"x" * 10_000)
        if synced:
            file.flush()
            os.fsync(file.fileno())


def test_a_full_disk_takes_nothing_and_then_all_again(disk: Disk) -> None:
    with disk.full(), pytest.raises(OSError, match="No space") as refused:
        write(disk.place / "file", synced=True)
    assert refused.value.errno == errno.ENOSPC
    write(disk.place / "file", synced=True)
    assert [path.name for path in disk.place.iterdir()] == ["file"]


def test_what_was_synced_outlives_the_power_and_the_rest_does_not(disk: Disk) -> None:
    write(disk.place / "synced", synced=True)
    write(disk.place / "written", synced=False)
    disk.lose_power()
    assert [path.name for path in disk.place.iterdir()] == ["synced"]
    assert (disk.place / "synced").stat().st_size == 10_000


def test_what_is_there_is_there_when_it_is_mounted_anew(disk: Disk) -> None:
    write(disk.place / "file", synced=False)
    disk.unmount()
    assert list(disk.place.iterdir()) == []
    disk.mount()
    assert [path.name for path in disk.place.iterdir()] == ["file"]


def test_a_disk_that_was_full_is_not_full_again_after_the_power_was_lost(disk: Disk) -> None:
    """As the removal of what filled it was not written yet, that is back."""
    with disk.full():
        os.sync()
    disk.lose_power()
    assert list(disk.place.iterdir()) == []
    write(disk.place / "file", synced=True)
