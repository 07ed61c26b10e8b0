"""What is published: a wheel and a source distribution of one version, which work where nothing else is installed."""

import re
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import reduse

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The source distribution, and the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--target", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (source,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return source, wheel


def test_one_version_is_everywhere() -> None:
    version = PROJECT["version"]
    assert reduse.__version__ == version
    dated = re.findall(r"^## \[([\d.]+)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert dated[0] == version
    images = re.findall(r"reduse-\w+:([\d.]+)\b", "".join(path.read_text() for path in ROOT.glob("deploy/**/*.yaml")))
    assert set(images) == {version}


def test_what_is_not_released_yet_stands_above_what_is() -> None:
    headings = re.findall(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"


def test_the_source_distribution_has_the_package_and_nothing_of_the_companies(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    top = {name.split("/")[0] for name in names}
    assert top == {"otel", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "PKG-INFO", ".gitignore"}
    assert "otel/reduse/distro/injected/sitecustomize.py" in names


def test_the_wheel_of_the_source_distribution_is_that_of_the_checkout(built: tuple[Path, Path], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, f"--wheel-dir={tmp_path}", str(built[0])], check=True, timeout=120)
    (rebuilt,) = tmp_path.glob("*.whl")
    assert _content(rebuilt) == _content(built[1])


def _content(wheel: Path) -> dict[str, int]:
    with zipfile.ZipFile(wheel) as archive:
        return {each.filename: each.CRC for each in archive.infolist()}


@pytest.mark.parametrize("which", [0, 1], ids=["sdist", "wheel"])
def test_the_base_works_where_nothing_else_is_installed(built: tuple[Path, Path], tmp_path: Path, which: int) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(built[which])], check=True, timeout=240)
    subprocess.run([python, "-m", "pip", "check"], check=True, capture_output=True)
    program = (
        "import reduse.middleware, reduse.resolvers, sys;"
        "from reduse.distro.lifecycle.distro import ReduseDistro;"
        "print(reduse.__version__, ReduseDistro.configured);"
        "print('grpc' in sys.modules, 'google.protobuf' in sys.modules)"
    )
    command = [str(tmp_path / "venv" / "bin" / "opentelemetry-instrument"), python, "-c", program]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout == f"{PROJECT['version']} True\nFalse False\n"
    assert "Traceback" not in finished.stderr
