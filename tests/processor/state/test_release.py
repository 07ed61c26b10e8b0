"""What an earlier release has left behind is read, and gone on from as that release itself would have."""

import json
import tarfile
from pathlib import Path

import pytest

from tests.processor.state.release import FIXTURES, SENT, STATE, go_on

# What releases after some of these fixtures have counted from the beginning.
ADDED = {"reduse.throttled.requests", "reduse.throttled.users"}


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.tar.xz")), ids=lambda path: path.name.split(".")[0])
def test_a_state_of_an_earlier_release_is_gone_on_from_exactly(tmp_path: Path, path: Path) -> None:
    with tarfile.open(path) as archive:
        # The default since Python 3.14; Debian 12's Python 3.11 has no other.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(tmp_path)  # noqa: S202 - of this repository
    expected = json.loads((tmp_path / SENT).read_text())

    added = ADDED - {sample[0] for sample in expected}

    sent = go_on(tmp_path / STATE)
    assert [sample for sample in sent if sample[0] not in added] == expected
    assert {sample[0] for sample in sent} >= ADDED
    assert not list((tmp_path / STATE).glob("damaged-*"))
