"""Each window is kept once, whatever happens between; what is not kept is counted and known to who reads."""

from __future__ import annotations

import errno
import os
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.history import journal, names, schema
from reduse.history.numbers import first_number
from reduse.history.reading import Reading, read
from reduse.processor.core.engine import Emission
from reduse.processor.faults import Faults
from reduse.processor.history import history as keeping
from reduse.processor.history.bound import DAY_SECONDS, Limits
from reduse.processor.history.history import History
from tests.processor.builders import EPOCH, window
from tests.processor.state.disk import files_of_at_most
from tests.waiting import wait_until

SECOND = 1_000_000_000
BEGIN = EPOCH // SECOND
PLENTY = Limits(2**30, 7)
Row = tuple[int, int, int]


class Log:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def warning(self, text: str, *values: object) -> None:
        self.lines.append(text % values)


def emission(index: int, users: int = 3) -> Emission:
    """Of the window of a second, with the number that an engine would give it."""
    chosen = random.Random(index)  # noqa: S311 - the same at each run
    made = window({chosen.getrandbits(64): chosen.randint(1, 9) for _ in range(users)}, index)
    return Emission("mes-api", EPOCH, made.end, (), None, made, first_number(BEGIN) + index)


def kept(emissions: Sequence[Emission]) -> Counter[Row]:
    found: Counter[Row] = Counter()
    for each in emissions:
        assert each.window is not None
        for user, count in zip(each.window.users.tolist(), each.window.counts.tolist(), strict=True):
            found[each.window.index, user, count] += 1
    return found


def reading(folder: Path, end: int = 100_000) -> Reading:
    return read(folder, "mes-api", EPOCH, EPOCH + end * SECOND)


def rows(found: Reading) -> Counter[Row]:
    return Counter(
        row
        for batch in found
        for row in zip(*(c.tolist() for c in (batch.rows.seconds, batch.rows.users, batch.rows.counts)), strict=True)
    )


def gaps(found: Reading) -> list[tuple[int, int]]:
    return [(gap.begin - BEGIN, gap.end - BEGIN) for gap in found.gaps]


@contextmanager
def opened(folder: Path, limits: Limits = PLENTY, rows_limit: int = 50, log: Log | None = None) -> Iterator[History]:
    faults = Faults(log or Log())  # type: ignore[arg-type]
    history = History(folder, limits, faults, lambda: BEGIN + 10.0, rows_limit=rows_limit)
    try:
        yield history
    finally:
        history.stop()


def die(history: History, tear: random.Random | None) -> None:
    """As by kill -9; with `tear` as by a power cut, which may take what was not made durable."""
    history._stopping = True
    history._wake.set()
    history._thread.join()
    for source in history._sources.values():
        if tear is not None and source.open is not None and source.open.unsynced:
            os.truncate(source.open.path, tear.randint(max(source.open.synced, 0), source.open.size))
    assert history._folder_lock is not None
    os.close(history._folder_lock)


@pytest.mark.slow
@given(
    st.lists(st.sampled_from(["window", "window", "window", "snapshot", "kill", "cut", "stop"]), max_size=40),
    st.randoms(),
)
def test_windows_are_kept_once_through_any_restarts(events: list[str], random: random.Random) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder)
        # The host replays its log: from the snapshot on all windows close again.
        closed, snapshot = 0, 0
        faults = Faults(Log())  # type: ignore[arg-type]

        def begin() -> History:
            made = History(path, PLENTY, faults, lambda: BEGIN + 10.0, rows_limit=8)
            made.source("one")([emission(index) for index in range(snapshot, closed)])
            return made

        history = begin()
        for event in events:
            match event:
                case "window":
                    history.source("one")([emission(closed)])
                    closed += 1
                case "snapshot":
                    history.sync()
                    snapshot = closed
                case "stop":
                    history.stop()
                    history = begin()
                case _:
                    die(history, random if event == "cut" else None)
                    history = begin()
        history.stop()
        found = reading(path, closed)
        assert rows(found) == kept([emission(index) for index in range(closed)])
        assert not found.gaps


def test_journals_become_parquet_files(tmp_path: Path) -> None:
    emissions = [emission(index) for index in range(100)]
    with opened(tmp_path) as history:
        history.source("one")(emissions)
        wait_until(lambda: len(list(tmp_path.glob("*.journal"))) == 1, "the Parquet files")
        assert len(list(tmp_path.glob("*.parquet"))) == 6
        assert rows(reading(tmp_path)) == kept(emissions)
        assert (history.status.windows, history.status.rows, history.status.failures) == (100, 300, 0)
        assert all(path.stat().st_mode & 0o077 == 0 for path in [tmp_path, *tmp_path.iterdir()] if path != tmp_path)
    assert not reading(tmp_path, 100).gaps


def test_an_hour_that_ends_becomes_a_file_of_its_own(tmp_path: Path) -> None:
    begin = 3600 - BEGIN % 3600 - 2
    emissions = [emission(index) for index in range(begin, begin + 4)]
    with opened(tmp_path) as history:
        history.source("one")(emissions)
        wait_until(lambda: len(list(tmp_path.glob("*.parquet"))) == 1, "the Parquet file")
    stems = sorted(names.parsed(path.stem) or names.PartName("", 0, 0) for path in tmp_path.glob("*_*"))
    assert [(each.hour % 3600, each.part) for each in stems] == [(0, 0), (0, 0)]
    assert stems[1].hour - stems[0].hour == 3600


@pytest.mark.slow
def test_an_hour_in_which_nothing_comes_any_more_becomes_a_file(tmp_path: Path) -> None:
    now = [float(BEGIN)]
    history = History(tmp_path, PLENTY, Faults(Log()), lambda: now[0])  # type: ignore[arg-type]
    history.source("one")([emission(0)])
    now[0] = BEGIN // 3600 * 3600 + 3661.0
    wait_until(lambda: len(list(tmp_path.glob("*.parquet"))) == 1, "the Parquet file")
    history.stop()
    assert rows(reading(tmp_path)) == kept([emission(0)])


def test_a_full_disk_drops_windows_which_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "AGAIN_SECONDS", 0.0)
    log = Log()
    emissions = [emission(index) for index in range(30)]
    with opened(tmp_path, log=log) as history:
        keep = history.source("one")
        keep(emissions[:10])
        with files_of_at_most(1):
            keep(emissions[10:20])
        # What was kept before is whole, and that the newest windows are not there is known.
        found = reading(tmp_path, 20)
        assert rows(found) == kept(emissions[:10])
        assert gaps(found) == [(10, 20)]
        assert history.status.dropped == {"disk": 10}
        keep(emissions[20:])
    found = reading(tmp_path, 30)
    assert rows(found) == kept([*emissions[:10], *emissions[20:]])
    assert gaps(found) == [(10, 20)]
    assert len([line for line in log.lines if "windows are not recorded" in line]) == 1


def test_a_folder_that_cannot_be_listed_is_a_fault_of_the_disk_and_no_defect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Path) -> Iterator[Path]:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(keeping, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(keeping, "TRIM_SECONDS", 0.0)
    log = Log()
    with opened(tmp_path, log=log) as history:
        with monkeypatch.context() as disk:
            disk.setattr(Path, "iterdir", fail)
            wait_until(lambda: bool(log.lines), "the failing disk to be told")
        assert "cannot be converted or removed now" in log.lines[0]
        history.source("one")([emission(0)])
    assert rows(reading(tmp_path)) == kept([emission(0)])
    assert not caplog.records


def test_a_gap_is_known_although_a_snapshot_holds_the_windows_and_the_process_died(tmp_path: Path) -> None:
    emissions = [emission(index) for index in range(30)]
    with opened(tmp_path) as history:
        history.source("one")(emissions[:10])
        with files_of_at_most(1):
            history.source("one")(emissions[10:20])
        history.sync()
    with opened(tmp_path) as history:
        assert gaps(reading(tmp_path, 20)) == [(10, 20)]
        history.source("one")(emissions[20:])
    assert gaps(reading(tmp_path, 30)) == [(10, 20)]


@pytest.mark.slow
def test_a_journal_that_cannot_become_a_parquet_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "BUILD_AGAIN_SECONDS", 0.1)
    emissions = [emission(index) for index in range(40)]
    with opened(tmp_path, rows_limit=60) as history:
        in_its_way = tmp_path / f"{names.PartName('one', BEGIN // 3600 * 3600, 0)}{names.TEMPORARY}"
        history.source("one")(emissions[:1])
        in_its_way.mkdir()
        history.source("one")(emissions[1:])
        wait_until(lambda: history.status.failures > 1, "two attempts")
        assert rows(reading(tmp_path)) == kept(emissions)
        in_its_way.rmdir()
        wait_until(lambda: any(tmp_path.glob("*.parquet")), "the Parquet file")
    assert not any(tmp_path.glob("*.temporary"))
    assert rows(reading(tmp_path)) == kept(emissions)
    assert not reading(tmp_path, 40).gaps


@pytest.mark.slow
def test_the_oldest_files_go_beyond_the_bound(tmp_path: Path) -> None:
    limits = Limits(400_000, 7)
    with opened(tmp_path, limits, rows_limit=1000) as history:
        for index in range(300):
            history.source("one")([emission(index, 200)])
            if index % 10 == 9:
                wait_until(lambda: not history._closed, "the Parquet files")
                assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= limits.size
        assert history.status.removed > 0
    found = reading(tmp_path, 300)
    kept_of = rows(found)
    # The newest are there, and where they begin is where the gap ends.
    (gap,) = gaps(found)
    assert 0 < gap[1] < 290
    assert gap[0] == 0
    assert kept_of == kept([emission(index, 200) for index in range(gap[1], 300)])


def test_files_go_after_some_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    emissions = [emission(index) for index in range(40)]
    with opened(tmp_path) as history:
        history.source("one")(emissions)
        wait_until(lambda: len(list(tmp_path.glob("*.parquet"))) == 2, "the Parquet files")
    old, *_ = sorted(tmp_path.glob("*.parquet"))
    os.utime(old, (BEGIN - 7 * DAY_SECONDS,) * 2)
    for path in tmp_path.glob("*_[1-9].*"):
        os.utime(path, (BEGIN - 7 * DAY_SECONDS + 60,) * 2)
    with opened(tmp_path):
        assert old.exists(), "a machine may begin with a wrong clock"
    monkeypatch.setattr(keeping, "AGE_AFTER_SECONDS", 0.0)
    with opened(tmp_path):
        assert not old.exists()
        assert len(list(tmp_path.glob("*.parquet"))) == 1


def test_a_clock_that_jumps_ahead_makes_no_file_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "AGE_AFTER_SECONDS", 0.0)
    monkeypatch.setattr(keeping, "TRIM_SECONDS", 0.0)
    monkeypatch.setattr(keeping, "LOOK_SECONDS", 0.01)
    now = [time.time()]
    history = History(tmp_path, PLENTY, Faults(Log()), lambda: now[0])  # type: ignore[arg-type]
    history.source("one")([emission(0)])
    now[0] += 365 * DAY_SECONDS
    wait_until(lambda: bool(list(tmp_path.glob("*.parquet"))), "the Parquet file, as its hour is over")
    time.sleep(0.1)
    history.stop()
    assert rows(reading(tmp_path)) == kept([emission(0)])


def test_a_folder_that_cannot_be_used_costs_the_history_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with opened(tmp_path / "file") as history:
        history.source("one")([emission(0)])
        history.sync()
        assert history.status.dropped == {"folder": 1}
    with opened(tmp_path / "shared") as first, opened(tmp_path / "shared") as second:
        for each in (first, second):
            each.source("one")([emission(1)])
        assert (first.status.windows, second.status.windows) == (1, 0)
        assert second.status.dropped == {"folder": 1}
    assert rows(reading(tmp_path / "shared")) == kept([emission(1)])


def test_a_folder_that_can_be_used_later_is_used_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As after a restart that overlaps with the process before, or on a disk that fails for a moment."""
    monkeypatch.setattr(keeping, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(keeping, "BEGIN_AGAIN_SECONDS", 0.0)
    with opened(tmp_path) as first, opened(tmp_path) as second:
        first.source("one")([emission(0)])
        second.source("one")([emission(1)])
        assert second.status.dropped == {"folder": 1}
        time.sleep(0.2)
        assert len(_opened(tmp_path / "lock")) <= 2, "each attempt leaves the file open"
        first.stop()
        wait_until(lambda: not second._unusable, "the folder")
        second.source("one")([emission(2)])
    found = reading(tmp_path, 3)
    assert rows(found) == kept([emission(0), emission(2)])
    assert gaps(found) == [(1, 2)]
    begun, ended = (record.getMessage() for record in caplog.records)
    assert "is in use by another process" in begun
    assert ended == "the history is recorded from now on"


def _opened(path: Path) -> list[Path]:
    """This process's descriptors of that file."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found += [descriptor] if descriptor.readlink() == path else []
    return found


@pytest.mark.parametrize("ending", [names.JOURNAL, names.PARQUET])
def test_a_folder_of_a_newer_release_is_left_as_it_is(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        newer.setattr(journal, "MAGIC", b"RDH9")
        newer.setattr(schema, "VERSION", 99)
        with opened(tmp_path, rows_limit=2) as history:
            history.source("one")([emission(0)] if ending == names.JOURNAL else [emission(0), emission(1)])
            wait_until(lambda: bool(list(tmp_path.glob(f"*{ending}"))), f"a file {ending}")
        # Of the other kind it has none that says so too.
        for path in tmp_path.iterdir():
            if path.suffix in {names.JOURNAL, names.PARQUET} and path.suffix != ending:
                path.unlink()
    before = content(tmp_path)
    assert any(name.endswith(ending) for name in before)

    with opened(tmp_path) as history:
        history.source("one")([emission(1)])
        history.sync()
        assert history.status.dropped == {"folder": 1}
    assert content(tmp_path) == before


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "lock"}
