"""The built collector, for tests that run it."""

from pathlib import Path

import pytest

from reduse.settings.stack import load_settings
from reduse.stack import collector


@pytest.fixture(scope="session")
def otelcol() -> Path:
    """The collector that the stack would run: REDUSE_OTELCOL, else the one that was built from these sources."""
    found = collector.find(load_settings())
    if found is None:
        pytest.skip("no collector: name one in REDUSE_OTELCOL, or have one built by ./reduse collector")
    return found
