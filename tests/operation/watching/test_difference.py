"""What a change would change in files is told as `diff -u` tells it."""

from pathlib import Path

import pytest

from reduse.errors import SettingError
from reduse.monitoring import folder
from reduse.operation.watching.difference import Kind, differences, texts


def test_equal_texts_have_no_difference() -> None:
    assert list(differences({"a": "x\n"}, {"a": "x\n"})) == []


def test_what_is_new_changed_or_gone_is_told_in_the_order_of_paths() -> None:
    found = list(differences({"changed": "a\nb\n", "gone": "x\n"}, {"added": "y\n", "changed": "a\nc\n"}))
    assert [(each.path, each.kind) for each in found] == [
        ("added", Kind.NEW),
        ("changed", Kind.CHANGED),
        ("gone", Kind.GONE),
    ]
    assert found[0].lines == ("--- /dev/null", "+++ b/added", "@@ -0,0 +1 @@", "+y")
    assert found[1].lines == ("--- a/changed", "+++ b/changed", "@@ -1,2 +1,2 @@", " a", "-b", "+c")
    assert found[2].lines[-1] == "-x"
    assert [(each.added, each.removed) for each in found] == [(1, 0), (1, 1), (0, 1)]


def test_lines_that_look_like_the_names_of_files_are_counted() -> None:
    [found] = differences({"a": "-- a comment\n"}, {"a": "++ more\n"})
    assert (found.added, found.removed) == (1, 1)


def test_a_folder_has_what_was_written_there_and_nothing_else(tmp_path: Path) -> None:
    folder.write(tmp_path, {"rules/a.yaml": "a", "old.yaml": "old"})
    (tmp_path / "notes.txt").write_text("mine")
    assert texts(tmp_path, {"rules/a.yaml": "b", "new.yaml": "n"}) == {"rules/a.yaml": "a", "old.yaml": "old"}


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="the folder does not exist"):
        texts(tmp_path / "nowhere", {})
