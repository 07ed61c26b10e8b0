"""After the repair a reader as strict as Prometheus's own finds every record that was written wholly, in order."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.stack.store.torn_log import FIRST, FULL, HEADER, KIND, LAST, MIDDLE, PADDING, PAGE, crc32c, repair

COMPRESSED = 0b1000
SIZES = st.one_of(st.integers(1, 60), st.integers(PAGE - 60, PAGE + 60), st.integers(2 * PAGE, 2 * PAGE + 60))
# A record, and of how many parts the write failed after: of all, or more, is none that is torn.
WRITES = st.lists(st.tuples(SIZES, st.one_of(st.none(), st.integers(1, 3))), max_size=6)


def part(kind: int, data: bytes) -> bytes:
    return HEADER.pack(kind | COMPRESSED, len(data), crc32c(data)) + data


def parts_of(record: bytes, at: int) -> Iterator[bytes]:
    """What a log writes of a record from there on, with the padding before it."""
    begun = False
    while True:
        if PAGE - at % PAGE < HEADER.size:
            padding = bytes(PAGE - at % PAGE)
            at += len(padding)
        else:
            padding = b""
        room = PAGE - at % PAGE - HEADER.size
        data, record = record[:room], record[room:]
        kind = (MIDDLE if record else LAST) if begun else (FIRST if record else FULL)
        yield padding + part(kind, data)
        if not record:
            return
        begun = True
        at += HEADER.size + len(data)


def segment_of(writes: list[tuple[int, int | None]]) -> tuple[bytes, list[bytes]]:
    """A segment, and the records whose writes did not fail."""
    segment, whole = b"", []
    for number, (size, failed_after) in enumerate(writes):
        record = bytes([number]) * size
        written = list(parts_of(record, len(segment)))
        segment += b"".join(written[:failed_after])
        if failed_after is None or failed_after >= len(written):
            whole.append(record)
    return segment, whole


def read(segment: bytes) -> list[bytes]:
    """The records that Prometheus knows. ValueError where it would begin its own repair."""
    found, begun, at = list[bytes](), None, 0
    while at < len(segment):
        end = (at // PAGE + 1) * PAGE
        if end - at < HEADER.size or segment[at] == PADDING:
            if any(segment[at:end]):
                raise ValueError("padding that is none")
            at = end
            continue
        flags, length, check = HEADER.unpack_from(segment, at)
        kind, data = flags & KIND, segment[at + HEADER.size : at + HEADER.size + length]
        at += HEADER.size + length
        if at > end or len(data) < length or crc32c(data) != check:
            raise ValueError("a part that is none")
        if (kind in (FULL, FIRST)) != (begun is None):
            raise ValueError("an unexpected part of a record")
        begun = (begun or b"") + data
        if kind in (FULL, LAST):
            found.append(begun)
            begun = None
    if begun is not None:
        raise ValueError("the last record is torn")
    return [record for record in found if not record.startswith(b"\xff")]


def log(folder: Path, *segments: bytes, name: str = "wal") -> list[Path]:
    paths = [folder / name / f"{number:08}" for number in range(len(segments))]
    for path, segment in zip(paths, segments, strict=True):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(segment)
    return paths


def one_that_is_torn() -> tuple[bytes, list[bytes]]:
    return segment_of([(10, None), (PAGE, 1), (10, None)])


@pytest.mark.slow
@given(WRITES)
def test_whatever_was_torn_all_else_is_read(
    tmp_path_factory: pytest.TempPathFactory, writes: list[tuple[int, int | None]]
) -> None:
    segment, whole = segment_of(writes)
    folder = tmp_path_factory.mktemp("data")
    [path] = log(folder, segment)
    torn = repair(folder)
    assert read(path.read_bytes()) == whole
    assert (torn == 0) == (len(whole) == len(writes))
    assert torn > 0 or path.read_bytes() == segment
    assert repair(folder) == 0


def test_the_log_of_late_samples_is_repaired_too_and_nothing_else(tmp_path: Path) -> None:
    segment, whole = one_that_is_torn()
    with pytest.raises(ValueError, match="unexpected"):
        read(segment)
    [late] = log(tmp_path, segment, name="wbl")
    [other] = log(tmp_path, segment, name="chunks_head")
    assert repair(tmp_path) == 1
    assert read(late.read_bytes()) == whole
    assert other.read_bytes() == segment


def test_a_segment_that_ends_within_a_part_ends_before_it_unless_it_is_the_last(tmp_path: Path) -> None:
    segment, _ = segment_of([(10, None), (100, None)])
    cut = segment[:-1]
    first, last = log(tmp_path, cut, cut)
    assert repair(tmp_path) == 1
    assert read(first.read_bytes()) == [bytes(10)]
    assert last.read_bytes() == cut


def test_what_follows_other_damage_is_left_to_prometheus(tmp_path: Path) -> None:
    segment, _ = one_that_is_torn()
    damaged = segment + b"\x07" * 100 + segment
    [path] = log(tmp_path, damaged)
    assert repair(tmp_path) == 1
    assert path.read_bytes()[len(segment) :] == damaged[len(segment) :]


def run(folder: Path) -> tuple[int, str]:
    command = [sys.executable, "-W", "error", "-m", "reduse.stack.store.torn_log", str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stderr


def test_the_command_says_what_it_did_and_what_it_could_not(tmp_path: Path) -> None:
    assert run(tmp_path) == (0, "")
    log(tmp_path, one_that_is_torn()[0])
    assert run(tmp_path) == (0, "took 1 parts of torn records out of the log of Prometheus\n")
    (tmp_path / "wal" / "00000001").mkdir()
    status, told = run(tmp_path)
    assert status == 1
    assert "was not looked through for torn records" in told
