"""The built collector, for tests that run it."""

import os
from pathlib import Path

import pytest

CACHE = Path(__file__).parents[2] / ".reduse" / "cache"


@pytest.fixture(scope="session")
def otelcol() -> Path:
    """The collector binary: REDUSE_OTELCOL, else the newest that the stack built."""
    named = os.environ.get("REDUSE_OTELCOL")
    if named:
        return Path(named)
    built = sorted(CACHE.glob("otelcol*/otelcol"), key=lambda path: path.stat().st_mtime)
    if not built:
        pytest.skip("no collector: name one in REDUSE_OTELCOL, or have one built by ./reduse up")
    return built[-1]
