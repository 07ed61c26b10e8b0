"""A history is read by its owner alone, unless the folder above it is meant for a group."""

from pathlib import Path

import pytest

from reduse.processor.history import modes


@pytest.mark.parametrize(
    ("above", "folder", "file"),
    [(0o700, 0o700, 0o600), (0o750, 0o750, 0o640), (0o755, 0o700, 0o600), (0o770, 0o750, 0o640)],
    ids=oct,
)
def test_the_group_reads_where_the_folder_above_is_open_to_it_alone(
    tmp_path: Path, above: int, folder: int, file: int
) -> None:
    tmp_path.chmod(above)
    assert modes.of_folder(tmp_path / "history") == folder
    assert modes.of_file(tmp_path / "file") == file


def test_a_folder_whose_parent_is_new_too_is_its_owners(tmp_path: Path) -> None:
    assert modes.of_folder(tmp_path / "new" / "history") == 0o700
