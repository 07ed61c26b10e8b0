"""The Go modules of this repository, by the tools of their language."""

import shutil
import subprocess
from pathlib import Path

import pytest

from reduse.settings.stack import Settings
from reduse.stack import collector, golang
from reduse.stack.collector import OLDEST_GO

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[2]
# The program is generated, and built by other tests.
PROGRAM = ROOT / "collector" / collector.PROGRAM
MODULES = sorted({path.parent for path in (ROOT / "collector").rglob("go.mod")} - {PROGRAM})


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = Settings(root=ROOT)
    return golang.toolchain(settings, OLDEST_GO, tmp_path_factory.mktemp("go") / "install.log")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
@pytest.mark.parametrize("verb", ["vet", "test"])
def test_a_module_passes(go: Path, module: Path, verb: str) -> None:
    """Compiled as the program is, so that what its build has left is compiled already."""
    command = [str(go), verb, golang.WITHOUT_PATHS, "./..."]
    finished = subprocess.run(
        command, cwd=module, env=golang.environment(go), capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_sources_are_formatted(go: Path) -> None:
    program = go.parent / "gofmt"
    listed = subprocess.run(
        [program, "-l", ROOT / "collector", ROOT / "victoriametrics"], capture_output=True, text=True, check=True
    )
    assert listed.stdout == ""


@pytest.mark.extended
@pytest.mark.timeout(1800)
def test_the_program_is_what_the_builder_makes_today(tmp_path: Path) -> None:
    """In the order of versions that modules resolve to, which the Go proxies decide."""
    root = tmp_path / "repository"
    for folder in ("collector", "collector-config"):
        shutil.copytree(ROOT / folder, root / folder)
    written = collector.lock(Settings(root=root, state_dir=tmp_path / "state", cache_dir=tmp_path / "cache"))
    assert {name: (written / name).read_text() for name in collector.LOCKED} == {
        name: (PROGRAM / name).read_text() for name in collector.LOCKED
    }
