"""The Go modules of this repository, by the tools of their language."""

import os
import subprocess
from pathlib import Path

import pytest

from reduse.settings.stack import Settings
from reduse.stack import golang
from reduse.stack.collector import OLDEST_GO

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[2]
MODULES = sorted(path.parent for path in (ROOT / "collector").rglob("go.mod"))


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = Settings(root=ROOT)
    return golang.toolchain(settings, OLDEST_GO, tmp_path_factory.mktemp("go") / "install.log")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
@pytest.mark.parametrize("verb", ["vet", "test"])
def test_a_module_passes(go: Path, module: Path, verb: str) -> None:
    environment = {**os.environ, "PATH": f"{go.parent}{os.pathsep}{os.environ['PATH']}", "GOTOOLCHAIN": "local"}
    finished = subprocess.run(
        [go, verb, "./..."], cwd=module, env=environment, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_sources_are_formatted(go: Path) -> None:
    program = go.parent / "gofmt"
    listed = subprocess.run(
        [program, "-l", ROOT / "collector", ROOT / "victoriametrics"], capture_output=True, text=True, check=True
    )
    assert listed.stdout == ""
