"""A folder that cannot be made, written or filled is told by the name of its setting."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from reduse.errors import SettingError, StackError
from reduse.settings.stack import Settings
from reduse.stack.folders import check_room, check_root, make_state_folder

NOBODY = 65534


def test_a_folder_that_cannot_be_made_is_refused_by_name() -> None:
    with pytest.raises(SettingError, match=r"REDUSE_STATE_DIR=/proc/x cannot be written"):
        make_state_folder(Settings(state_dir=Path("/proc/x")))


def test_a_folder_that_may_not_be_written_is_refused_by_name() -> None:
    # pytest's own folder only its owner may enter.
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        with without_rights(), pytest.raises(SettingError, match="REDUSE_STATE_DIR"):
            make_state_folder(Settings(state_dir=folder))


@contextmanager
def without_rights() -> Iterator[None]:
    """As nobody: root may write everywhere."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


def test_a_folder_is_made_with_those_above(tmp_path: Path) -> None:
    make_state_folder(Settings(state_dir=tmp_path / "a" / "b"))
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_too_small_a_disk_is_told_also_for_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"GiB free .* set REDUSE_CACHE_DIR"):
        check_room("REDUSE_CACHE_DIR", tmp_path / "a" / "b", 2**60)
    check_room("REDUSE_CACHE_DIR", tmp_path / "a" / "b", 1)


def test_without_a_checkout_the_setting_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="REDUSE_ROOT"):
        check_root(Settings(root=tmp_path))
    check_root(Settings())
