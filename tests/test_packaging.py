"""The distro can be installed beside a service that has none of what this repository develops with."""

import re
import subprocess
import tomllib
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_opentelemetry_is_asked_for_in_the_versions_that_are_tested() -> None:
    """The distro stands on private parts of the SDK, and contrib's packages go together in one version only."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(each for extra in project["optional-dependencies"].values() for each in extra)]
    locked = re.findall(r"^(opentelemetry-\S+==\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert [each for each in asked if each.startswith("opentelemetry-") and each not in locked] == []


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter with nothing but pip."""
    folder = tmp_path_factory.mktemp("packaging") / "venv"
    venv.create(folder, with_pip=True)
    return str(folder / "bin" / "python")


@pytest.mark.server
@pytest.mark.parametrize("extras", ["", "[traces,prometheus]"])
def test_pip_finds_versions_that_go_together(python: str, extras: str) -> None:
    """With whatever else is new in the registry; nothing is installed."""
    command = [python, "-m", "pip", "install", "--quiet", "--dry-run", f"{ROOT}{extras}"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert finished.returncode == 0, finished.stderr
