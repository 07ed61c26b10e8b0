"""What users wrote for an earlier release, and what it generated for them, is read by this one."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from reduse.errors import SettingError
from reduse.settings.retired import RETIRED
from reduse.settings.stack import load_settings
from reduse.stack import collector
from reduse.watch.reading import read

RELEASED = Path(__file__).parent / "released"
RELEASES = sorted(path for path in RELEASED.iterdir())
ROOT = Path(__file__).parents[2]
AGENT = ROOT / "collector-config" / "agent.yaml"
# A test of its own holds the page against the code.
SETTINGS_PAGE = ROOT / "docs" / "settings.md"


def of_releases(pattern: str) -> list[object]:
    return [
        pytest.param(path, id=f"{release.name}-{path.stem}")
        for release in RELEASES
        for path in sorted(release.glob(pattern))
    ]


@pytest.mark.parametrize("path", of_releases("settings.txt"))
def test_every_setting_of_a_release_is_one_or_says_what_took_its_place(path: Path) -> None:
    known = set(re.findall(r"^\| `(REDUSE_[A-Z_]+)`", SETTINGS_PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert set(path.read_text().split()) - known <= set(RETIRED)
    assert not known & set(RETIRED)


@pytest.mark.parametrize("name", RETIRED)
def test_a_retired_setting_is_refused_with_the_cure(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(SettingError) as told:
        load_settings()
    assert str(told.value) == f"{name} is not a setting any more: {RETIRED[name]}"


@pytest.mark.parametrize("path", of_releases("watch/*.yaml"))
def test_a_companys_file_of_a_release_has_no_mistake(path: Path) -> None:
    assert list(read(path).parts)


@pytest.mark.server
@pytest.mark.parametrize("path", of_releases("agent.yaml"))
def test_the_agent_takes_the_configuration_that_a_release_generated(path: Path, tmp_path: Path) -> None:
    binary = collector.find(load_settings())
    assert binary is not None, "not built: `./reduse collector`"
    for name in ("shop_db_monitoring", "mes_db_monitoring", "broker_monitoring"):
        (tmp_path / name).write_text("secret")
    finished = subprocess.run(
        [binary, "validate", f"--config={AGENT}", f"--config={path}"],
        env={
            **os.environ,
            "REDUSE_SECRETS_DIR": str(tmp_path),
            "REDUSE_QUEUE_DIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert finished.returncode == 0, finished.stderr
