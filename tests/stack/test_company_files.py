"""What follows from a company's file at each start."""

from pathlib import Path

import pytest

from reduse.errors import SettingError
from reduse.settings.stack import Settings
from reduse.stack import company_files

FILE = """\
company: Harbour
databases:
  - {name: archive, endpoint: "${env:ARCHIVE}", password_file: "${env:SECRETS:-/run/secrets}/archive"}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "watch.yaml").write_text(FILE, encoding="utf-8")
    return Settings(watch=tmp_path / "watch.yaml", state_dir=tmp_path / "state")


def test_variables_of_the_file_are_handed_to_the_agent(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHIVE", "db.example.org:5432")
    assert company_files.variables(settings, {}) == {"ARCHIVE": "db.example.org:5432"}
    monkeypatch.setenv("SECRETS", "/etc/secrets")
    assert company_files.variables(settings, {"ARCHIVE": "127.0.0.1:1"}) == {"SECRETS": "/etc/secrets"}


def test_a_variable_that_is_not_set_is_said_by_name(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARCHIVE", raising=False)
    with pytest.raises(SettingError, match=r"refers to ARCHIVE, which is not set: export it"):
        company_files.variables(settings, {})
