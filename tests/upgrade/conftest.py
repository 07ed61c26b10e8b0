"""These tests make whole stacks of earlier releases, which takes minutes and the repository's history."""

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """They run when they are asked for: `./reduse test tests/upgrade -m upgrade`."""
    asked_for = "upgrade" in config.getoption("markexpr")
    return None if asked_for or not collection_path.name.startswith("test_") else True
