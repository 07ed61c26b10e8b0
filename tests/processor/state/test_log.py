"""What was written is read again as far as its end is remembered, and nothing else."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.state.log import FILE, Log, TornError


@contextmanager
def opened(folder: Path, end: int = 0) -> Iterator[Log]:
    with closing(Log(folder, end)) as log:
        yield log


@given(groups=st.lists(st.tuples(st.lists(st.binary(max_size=50)), st.booleans())))
def test_groups_whose_end_is_remembered_are_there_and_the_others_were_never(
    groups: Sequence[tuple[Sequence[bytes], bool]],
) -> None:
    expected: list[bytes] = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        with opened(folder) as log:
            for records, remembered in groups:
                end = log.write(records)
                if remembered:
                    log.end = end
                    expected += records
            assert list(log.read()) == expected
            end = log.end
        with opened(folder, end) as log:
            assert list(log.read()) == expected
            assert (folder / FILE).stat().st_size == end


def test_a_log_begins_anew_in_the_room_of_the_one_before_and_gives_it_back_at_a_start(tmp_path: Path) -> None:
    with opened(tmp_path) as log:
        log.end = log.write([b"one", b"two", b"three"])
        size, log.end = log.size, 0
        assert list(log.read()) == []
        end = log.end = log.write([b"four"])
        assert list(log.read()) == [b"four"]
        assert log.size == size
    with opened(tmp_path, end) as log:
        assert (list(log.read()), log.size) == ([b"four"], end)


def test_a_file_that_lost_its_end_or_a_length_is_noticed(tmp_path: Path) -> None:
    with opened(tmp_path) as log:
        log.end = log.write([b"record"])
        (tmp_path / FILE).write_bytes(b"\xff" * log.end)
        with pytest.raises(TornError, match="goes beyond"):
            list(log.read())
        (tmp_path / FILE).write_bytes(b"")
        with pytest.raises(TornError, match="no record at 0"):
            list(log.read())
    with pytest.raises(TornError, match="has 0 of 10"):
        Log(tmp_path, 10)
