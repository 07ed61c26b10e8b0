"""The code of the processors is compiled once for all state folders, and again when a source has changed."""

from pathlib import Path

import pytest

from reduse.settings.stack import Settings
from reduse.stack import compiled
from reduse.stack.commands import CommandError


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A processor of one file, whose compiler writes down each of its runs."""
    folder = tmp_path / "processor"
    folder.mkdir()
    (folder / "loop.py").write_text("first")
    monkeypatch.setattr(compiled, "SOURCES", folder)
    program = "import os, pathlib; f = pathlib.Path(os.environ['NUMBA_CACHE_DIR'], 'runs'); f.open('a').write('r')"
    monkeypatch.setattr(compiled, "PROGRAM", program)
    return folder


def settings(tmp_path: Path, name: str) -> Settings:
    return Settings(state_dir=tmp_path / name, cache_dir=tmp_path / "cache")


def given(of: Settings) -> str:
    return (of.data_dir / of.processor_names[0] / "compiled" / "runs").read_text()


def test_a_second_start_and_a_second_state_folder_compile_nothing(sources: Path, tmp_path: Path) -> None:
    one, two = settings(tmp_path, "one"), settings(tmp_path, "two")
    for each in (one, one, two):
        compiled.provide(each)
    assert (given(one), given(two)) == ("r", "r")


def test_a_changed_source_is_compiled_and_given_again(sources: Path, tmp_path: Path) -> None:
    one = settings(tmp_path, "one")
    compiled.provide(one)
    (sources / "loop.py").write_text("second, longer")
    compiled.provide(one)
    assert given(one) == "rr"


def test_what_failed_is_tried_again(sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = settings(tmp_path, "one")
    with monkeypatch.context() as failing:
        failing.setattr(compiled, "PROGRAM", "raise SystemExit(1)")
        with pytest.raises(CommandError, match="Remove"):
            compiled.provide(one)
    compiled.provide(one)
    assert given(one) == "r"
