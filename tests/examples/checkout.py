"""A fresh checkout, in which somebody has run `./reduse up`, or nobody has yet."""

import hashlib
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.stack import Stack, state_folder
from tests.examples.guide import ROOT

NOT_IN_A_CHECKOUT = shutil.ignore_patterns(".git", ".venv", ".reduse", "__pycache__", ".*_cache", ".hypothesis", "dist")

STAMP = ".reduse-installed"
# What the environment is made from, in the order of the launcher.
LOCKED = ("requirements-installers.lock", "requirements.lock", "pyproject.toml")


@contextmanager
def fresh_checkout(stack: Stack) -> Iterator[tuple[Path, dict[str, str]]]:
    """A copy of the repository with the stack's state in it, and the environment of a terminal beside it."""
    with untouched_checkout(stack.environment) as (root, environment):
        (root / ".reduse").symlink_to(stack.settings.state_dir)
        yield root, environment


@contextmanager
def untouched_checkout(variables: Mapping[str, str]) -> Iterator[tuple[Path, dict[str, str]]]:
    """A copy of the repository, and the environment of a terminal beside it, which has these variables.

    What is started there, and left over by a failed test, ends with the block.
    """
    with state_folder() as folder:
        root = folder / "reduse"
        shutil.copytree(ROOT, root, ignore=NOT_IN_A_CHECKOUT)
        launcher = launcher_environment(root, folder / "launcher")
        # What the test itself runs in is no part of a newcomer's terminal.
        programs = str(Path(sys.executable).parent)
        path = [entry for entry in variables["PATH"].split(":") if entry != programs]
        environment = {**variables, "PATH": ":".join(path), "REDUSE_VENV": str(launcher)}
        for name in ("VIRTUAL_ENV", "PYTHONPATH"):
            environment.pop(name, None)
        yield root, environment


def launcher_environment(root: Path, folder: Path) -> Path:
    """What `./reduse` makes when it is run first, which takes minutes: here the packages are those of this process."""
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{root}/otel" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    content = b"".join((root / name).read_bytes() for name in LOCKED)
    # The stamp ends with the Python that the environment is made of.
    made_of = Path(sys.prefix, STAMP).read_text(encoding="utf-8").split()[-1]
    (folder / STAMP).write_text(f"{hashlib.sha256(content).hexdigest()} {root} {made_of}\n")
    return folder
