"""A control plane for the tests of this folder, which is built in minutes."""

from collections.abc import Iterator

import pytest

from reduse.settings.stack import load_settings
from tests.deploy.control_plane.building import programs
from tests.deploy.control_plane.plane import ControlPlane, control_plane


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with control_plane(programs(load_settings()), tmp_path_factory.mktemp("plane")) as running:
        yield running
