"""Which collector is used."""

from pathlib import Path

import pytest

from reduse.errors import SettingError
from reduse.settings.stack import Settings
from reduse.stack import collector, golang
from reduse.yaml_text import read_yaml


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


def test_the_builder_gets_the_recipe_and_every_module_that_it_names(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state")
    folder = tmp_path / "a folder"
    folder.mkdir()
    collector.copy_sources(folder, settings)
    copy = folder / "collector-config" / collector.COLLECTOR
    assert copy.read_text() == collector.builder_file(settings).read_text()
    paths = {entry["path"] for entry in collector.components(read_yaml(copy.read_text())) if "path" in entry}
    assert paths
    assert [path for path in paths if not (folder / path / "go.mod").exists()] == []


def test_a_go_that_is_too_old_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    program(tmp_path / "go", "go version go1.19.8 linux/amd64")
    assert golang.find((1, 26, 0)) is None
    program(tmp_path / "go", "go version go1.26.1 linux/amd64")
    assert golang.find((1, 26, 0)) == tmp_path / "go"
    assert golang.find((1, 26, 2)) is None
