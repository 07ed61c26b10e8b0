"""Which programs are run is a setting; one that is named and not there is one line."""

from pathlib import Path

import pytest

from reduse.errors import SettingError
from reduse.processes import reading
from reduse.settings.stack import Settings
from reduse.stack import packages, programs
from reduse.stack.installation import Installation
from reduse.stack.requirements import required


def program(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def nothing_on_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


@pytest.mark.usefixtures("nothing_on_path")
def test_debians_is_run_where_nothing_else_is_said() -> None:
    settings = Settings()
    assert programs.prometheus(settings) == packages.PROMETHEUS
    assert programs.alertmanager(settings) == packages.ALERTMANAGER
    assert programs.postgresql(settings) == packages.POSTGRES_BIN


def test_one_on_path_comes_before_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert programs.prometheus(Settings()) == packages.PROMETHEUS
    assert programs.prometheus(Settings()) != program(tmp_path, "prometheus") == programs.prometheus(Settings())
    assert programs.alertmanager(Settings()) == packages.ALERTMANAGER
    assert program(tmp_path, "alertmanager") == programs.alertmanager(Settings())


@pytest.mark.usefixtures("nothing_on_path")
def test_a_named_one_comes_first_with_the_tool_beside_it(tmp_path: Path) -> None:
    settings = Settings(prometheus_program=program(tmp_path, "prometheus-3"))
    assert programs.prometheus(settings) == tmp_path / "prometheus-3"
    assert programs.promtool(settings) == packages.PROMTOOL
    program(tmp_path, "promtool")
    assert programs.promtool(settings) == tmp_path / "promtool"


@pytest.mark.parametrize("name", ["prometheus", "promtool", "alertmanager", "amtool"])
def test_one_that_is_not_there_is_one_line(tmp_path: Path, name: str) -> None:
    settings = Settings.model_validate({f"{name}_program": tmp_path / name})
    with pytest.raises(SettingError, match=f"^REDUSE_{name.upper()}_PROGRAM={tmp_path / name}: no such program; .*$"):
        getattr(programs, name)(settings)


def test_a_folder_without_postgresql_is_one_line(tmp_path: Path) -> None:
    program(tmp_path, "postgres")
    with pytest.raises(SettingError, match=r"^REDUSE_POSTGRESQL_BIN=.*: no program initdb is there; .*$"):
        programs.postgresql(Settings(postgresql_bin=tmp_path))


def test_only_what_the_company_needs_is_installed(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path)
    assert required(Installation(settings, tmp_path)).keys() == {"prometheus", "prometheus-alertmanager"}
    assert required(Installation.of(settings)).keys() == packages.PACKAGES.keys()
    one = reading.parse("databases: [{name: db, port: 6000}]")
    assert "rabbitmq-server" not in required(Installation(settings, tmp_path, one))
