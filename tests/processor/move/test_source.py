"""What cannot be moved is told in a line, and stays as it is."""

from pathlib import Path

import pytest

from reduse.processor.core.engine import Engine
from reduse.processor.core.formats import STATE_FORMAT
from reduse.processor.core.packing import pack
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.move.source import SourceError, opened
from reduse.processor.state.store import Store


def test_a_state_of_a_newer_release_is_left_to_that_release(tmp_path: Path) -> None:
    with Store(tmp_path, 1_000_000) as store:
        store.save_snapshot([pack({"format": STATE_FORMAT + 1})])
    with (
        pytest.raises(SourceError, match=r"newer release.*move it with that release; nothing was changed"),
        opened(tmp_path, lambda: Engine(BUILT_IN)),
    ):
        pass
    assert list(tmp_path.glob("snapshot-*"))
