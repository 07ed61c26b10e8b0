"""What an earlier release has left behind is read, and gone on from as that release itself would have."""

import json
import tarfile
from pathlib import Path

import pytest

from tests.processor.state.release import FIXTURES, SENT, STATE, go_on


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.tar.xz")), ids=lambda path: path.name.split(".")[0])
def test_a_state_of_an_earlier_release_is_gone_on_from_exactly(tmp_path: Path, path: Path) -> None:
    with tarfile.open(path) as archive:
        archive.extractall(tmp_path, filter="data")
    expected = json.loads((tmp_path / SENT).read_text())

    assert go_on(tmp_path / STATE) == expected
    assert not list((tmp_path / STATE).glob("damaged-*"))
