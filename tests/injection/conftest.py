"""The folder as the image has it, copied as the operator does, and an application for each version of Python."""

import platform
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from reduse.injection import folder
from reduse.injection.targets import ALL, VERSIONS
from tests.injection import operator
from tests.injection.interpreters import application, interpreter

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def pod(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For the interpreters of this machine."""
    image = tmp_path_factory.mktemp("image") / "autoinstrumentation"
    here = [each for each in ALL if each.processor == platform.machine() and each.libc == "gnu"]
    folder.write(ROOT, image, here)
    return operator.copied(image, tmp_path_factory.mktemp("pod") / "otel-auto-instrumentation-python")


@pytest.fixture(scope="session")
def python_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The interpreter of an application with old pins."""

    @cache
    def made(version: str) -> Path:
        found = interpreter(version)
        if found is None:
            pytest.skip(f"no Python {version} here")
        return application(found, tmp_path_factory.mktemp("application") / "venv")

    return made


@pytest.fixture(scope="session")
def python(python_of: Callable[[str], Path]) -> Path:
    """The application of one version, for what does not differ between versions."""
    return python_of(VERSIONS[0])
