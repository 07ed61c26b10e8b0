"""Whole stacks of earlier releases take minutes and the repository's history: they start when they are asked for."""

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """`./reduse test tests/upgrade -m upgrade`."""
    asked_for = "upgrade" in config.getoption("markexpr")
    return None if asked_for or collection_path.name != "test_upgrade.py" else True
