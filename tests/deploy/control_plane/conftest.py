"""A control plane for the tests of this folder, which run only when they are asked for: it is built in minutes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reduse.settings.stack import load_settings
from tests.deploy.control_plane.building import programs
from tests.deploy.control_plane.plane import ControlPlane, control_plane


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """`./reduse test tests/deploy/control_plane -m control_plane`."""
    asked_for = "control_plane" in config.getoption("markexpr")
    return None if asked_for or not collection_path.name.startswith("test_") else True


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with control_plane(programs(load_settings()), tmp_path_factory.mktemp("plane")) as running:
        yield running
