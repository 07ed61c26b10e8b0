"""A folder of the user's: written and removed is only what the same hand wrote."""

from pathlib import Path

import pytest

from reduse.errors import SettingError
from reduse.monitoring.folder import MANIFEST, changes, write

FILES = {"rules/a.yaml": "a\n", "b.yml": "b\n"}


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    assert write(tmp_path / "new", FILES).written == ("b.yml", "rules/a.yaml")
    before = (tmp_path / "new/b.yml").stat().st_mtime_ns
    made = write(tmp_path / "new", {**FILES, "rules/a.yaml": "other\n"})
    assert (made.written, made.removed, made.unchanged) == (("rules/a.yaml",), (), 1)
    assert (tmp_path / "new/b.yml").stat().st_mtime_ns == before
    assert not write(tmp_path / "new", {**FILES, "rules/a.yaml": "other\n"})


def test_what_is_no_more_made_goes_and_what_others_put_there_stays(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    (tmp_path / "mine.txt").write_text("mine")
    made = write(tmp_path, {"b.yml": "b\n"})
    assert made.removed == ("rules/a.yaml",)
    assert names(tmp_path) == [MANIFEST, "b.yml", "mine.txt"]
    assert not (tmp_path / "rules").exists()


@pytest.mark.parametrize("there", ["mine\n", ""])
def test_a_file_of_the_users_is_not_overwritten_and_then_nothing_is(tmp_path: Path, there: str) -> None:
    (tmp_path / "b.yml").write_text(there)
    with pytest.raises(SettingError, match=r"b\.yml was not written by"):
        write(tmp_path, FILES)
    assert names(tmp_path) == ["b.yml"]
    assert (tmp_path / "b.yml").read_text() == there


def test_what_was_changed_by_hand_is_not_overwritten(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    (tmp_path / "b.yml").write_text("mended\n")
    with pytest.raises(SettingError, match=r"b\.yml was changed since"):
        write(tmp_path, {**FILES, "b.yml": "new\n"})
    assert (tmp_path / "b.yml").read_text() == "mended\n"


def test_what_was_changed_by_hand_and_is_no_more_made_is_left_and_told(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    (tmp_path / "b.yml").write_text("mended\n")
    made = write(tmp_path, {"rules/a.yaml": "a\n"})
    assert (made.removed, made.left) == ((), ("b.yml",))
    assert (tmp_path / "b.yml").read_text() == "mended\n"


def test_a_file_that_was_taken_away_is_written_again(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    (tmp_path / "b.yml").unlink()
    assert write(tmp_path, FILES).written == ("b.yml",)


def test_what_is_there_already_as_it_would_be_is_taken_over(tmp_path: Path) -> None:
    """As after a run that was ended half way."""
    (tmp_path / "b.yml").write_text("b\n")
    assert write(tmp_path, FILES).written == ("rules/a.yaml",)
    assert write(tmp_path, {}).removed == ("b.yml", "rules/a.yaml")


def test_asking_what_would_change_changes_nothing(tmp_path: Path) -> None:
    assert changes(tmp_path / "new", FILES).written == ("b.yml", "rules/a.yaml")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("text", ["no JSON", "[]", "{}", '{"files": 7}'])
def test_a_list_of_files_that_was_spoilt_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(SettingError, match="was not written by"):
        write(tmp_path, FILES)


def test_a_list_cannot_have_files_removed_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("x")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / MANIFEST).write_text(
        '{"files": {"../outside": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"}}'
    )
    write(folder, {})
    assert (tmp_path / "outside").exists()
