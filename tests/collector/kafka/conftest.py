"""The collector that is built, and a real broker for the tests of a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collector.conftest import otelcol
from tests.kafka import Broker, running_broker

__all__ = ["broker", "folder", "otelcol"]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with running_broker(tmp_path_factory.mktemp("kafka")) as started:
        yield started


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What one test's processes write into."""
    return tmp_path
