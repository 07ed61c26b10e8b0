"""What takes long to import is imported by those commands alone that need it."""

import json
import subprocess
import sys

import pytest
from typer.main import get_group

from reduse.cli.main import app
from reduse.cli.on_demand import GROUPS, MODULES
from tests.cli.conftest import Reduse

SLOW = {"locust", "matplotlib", "numba", "numpy", "pyarrow"}


def imported(program: str) -> set[str]:
    """The modules that are there after it."""
    command = [sys.executable, "-c", f"{program}\nimport json, sys; print(json.dumps(list(sys.modules)))"]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(json.loads(finished.stdout))


@pytest.mark.slow
def test_what_takes_long_to_import_is_not_imported_at_the_start() -> None:
    modules = ", ".join(f"reduse.cli.{module}" for module in set(MODULES.values()))
    assert imported(f"import {modules}") & SLOW == set()


@pytest.mark.slow
def test_of_the_commands_the_one_that_is_asked_for_is_imported() -> None:
    program = "from typer.main import get_group; from reduse.cli.main import app; get_group(app).commands['size']"
    ours = {name for name in imported(program) if name.startswith("reduse.cli.")}
    others = {f"reduse.cli.{module}" for module in MODULES.values() if module != "size"}
    assert "reduse.cli.size" in ours
    assert ours & others == set()


def test_every_command_of_every_module_is_there() -> None:
    found = dict[str, str]()
    for module in dict.fromkeys(MODULES.values()):
        group = get_group(vars(__import__(f"reduse.cli.{module}", fromlist=["app"]))["app"])
        found |= {module: module} if module in GROUPS else dict.fromkeys(group.commands, module)
    assert found == MODULES
    assert list(get_group(app).commands) == list(MODULES)


def test_a_command_that_is_spelled_wrong_is_answered_with_the_one_that_is_meant(reduse: Reduse) -> None:
    ended = reduse("recomend")
    assert ended.returncode == 2
    assert "recommend" in ended.stderr
