"""Interpreters of this machine, and applications with packages of their own for them."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

# Old ones, as applications have them for years.
OLD_PINS = (
    "starlette==0.37.2",
    "uvicorn==0.27.1",
    "gunicorn==21.2.0",
    "flask==3.0.0",
    "protobuf==4.25.8",
    "typing_extensions==4.8.0",
)


@cache
def interpreter(version: str) -> Path | None:
    """One of this version, or None where there is none."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [Path(found) for found in [shutil.which(f"python{version}")] if found]
    candidates += sorted(root.glob(f"versions/{version}.*/bin/python{version}"))
    asked = "import sys; sys.stdout.write('%d.%d' % sys.version_info[:2])"
    for candidate in candidates:
        answered = subprocess.run([str(candidate), "-c", asked], capture_output=True, text=True, check=False)
        if answered.stdout == version:
            return candidate
    return None


def application(python: Path, folder: Path) -> Path:
    """The interpreter of an environment with the old pins."""
    subprocess.run([str(python), "-m", "venv", "--without-pip", str(folder)], check=True)
    _pip("--python", str(folder / "bin" / "python"), "install", *OLD_PINS)
    return folder / "bin" / "python"


def packages(folder: Path, python: Path, *requirements: str) -> Path:
    """A folder of packages for an interpreter, as PYTHONPATH can name it."""
    _pip("--python", str(python), "install", "--no-deps", f"--target={folder}", *requirements)
    return folder


def _pip(*arguments: str) -> None:
    options = ("--disable-pip-version-check", "--quiet", "--no-warn-conflicts")
    given = [each for each in arguments if each != "install"]
    where = given[:2]
    subprocess.run([sys.executable, "-m", "pip", *where, "install", *options, *given[2:]], check=True, timeout=240)
