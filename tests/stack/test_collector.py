"""Which collector is used."""

from pathlib import Path

import pytest

from reduse.errors import SettingError
from reduse.settings.stack import Settings
from reduse.stack import collector, golang


def program(path: Path, output: str) -> Path:
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{output}\nEND\n")
    path.chmod(0o755)
    return path


def test_a_given_collector_without_the_components_is_refused_by_name(tmp_path: Path) -> None:
    binary = program(tmp_path / "otelcol", "receivers: []")
    with pytest.raises(SettingError, match=r"REDUSE_OTELCOL.* lacks .*reduse/collector/receivers"):
        collector.find(Settings(state_dir=tmp_path, cache_dir=None, otelcol=binary))


def test_the_cache_is_used_when_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    settings = Settings(state_dir=tmp_path, cache_dir=None, otelcol=None)
    assert collector.find(settings) is None
    cached = collector.cached_path(settings)
    cached.parent.mkdir(parents=True)
    cached.touch()
    assert collector.find(settings) == cached


def test_another_program_is_another_collector_and_another_test_is_not(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path, state_dir=tmp_path / "state")
    module = tmp_path / "collector" / collector.PROGRAM
    module.mkdir(parents=True)
    (module / "main.go").write_text("package main")
    before = collector.cached_path(settings)
    (module / "main_test.go").write_text("package main")
    assert collector.cached_path(settings) == before
    (module / "go.sum").write_text("x")
    assert collector.cached_path(settings) != before


def test_a_go_that_is_too_old_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    program(tmp_path / "go", "go version go1.19.8 linux/amd64")
    assert golang.find((1, 26, 0)) is None
    program(tmp_path / "go", "go version go1.26.1 linux/amd64")
    assert golang.find((1, 26, 0)) == tmp_path / "go"
    assert golang.find((1, 26, 2)) is None
