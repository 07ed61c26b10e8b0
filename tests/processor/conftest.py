"""What the processor sends to."""

from collections.abc import Iterator

import pytest

from tests.processor.sink import Sink


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as started:
        yield started
