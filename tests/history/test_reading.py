"""What is read is what was written, whichever files it is in; what is missing is said."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from reduse.history import names, rows
from reduse.history.numbers import first_number
from reduse.history.plan import Gap
from reduse.history.reading import Reading, read
from reduse.history.rows import WindowRows
from tests.history.windows import HOUR, SERVICE, mark_whole, window, windows, write_journal, write_parquet

SECOND = 1_000_000_000
A, B = "a_20260921T14", "b_20260921T14"
Row = tuple[int, str, int, int, int, int]


def written(found: Iterable[WindowRows]) -> list[Row]:
    return sorted(
        (int(user), each.policies[policy], each.second, int(count), int(throttled), int(microseconds))
        for each in found
        for user, policy, count, throttled, microseconds in zip(
            each.users, each.policy, each.counts, each.throttled, each.microseconds, strict=True
        )
    )


def given(reading: Reading) -> list[Row]:
    """All rows of a reading, in order; checks that each batch is in order and has its bounds."""
    found: list[Row] = []
    for batch in reading:
        rows = batch.rows
        columns = rows.users, rows.policy, rows.seconds, rows.counts, rows.throttled, rows.microseconds
        of_batch = list(zip(*(column.tolist() for column in columns), strict=True))
        keys = [(user, policy, second) for user, policy, second, *_ in of_batch]
        assert keys == sorted(keys)
        assert all(batch.begin <= second < batch.end for _, _, second in keys)
        found += [(user, rows.policies[policy], *rest) for user, policy, *rest in of_batch]
    return sorted(found)


def all_of(*folders: Path, begin: int = HOUR, end: int = HOUR + 3600, policy: str | None = None) -> Reading:
    return read(folders, SERVICE, begin * SECOND, end * SECOND, policy)


@pytest.mark.slow
def test_rows_come_back_from_journals_and_parquet_files(tmp_path: Path) -> None:
    found = windows(9)
    write_parquet(tmp_path, f"{A}_0", found[:4])
    write_parquet(tmp_path, f"{A}_1", found[4:6])
    write_journal(tmp_path, f"{A}_2", found[6:])
    mark_whole(tmp_path, "a")
    reading = all_of(tmp_path, end=HOUR + 9)
    assert given(reading) == written(found)
    assert not reading.gaps
    assert reading.seconds == (HOUR, HOUR + 9)


def test_requests_of_nobody_in_particular_come_with_the_batches(tmp_path: Path) -> None:
    found = windows(6)
    write_parquet(tmp_path, f"{A}_0", found[:3])
    write_journal(tmp_path, f"{A}_1", found[3:])
    totals = [batch.totals for batch in all_of(tmp_path, begin=HOUR + 1)]
    assert [second for each in totals for second in each.seconds] == [each.second for each in found[1:]]
    sent = [[count for count, _ in each.totals] for each in found[1:]]
    assert [column for each in totals for column in each.counts.T.tolist()] == sent
    assert sum(int(each.microseconds.sum()) for each in totals) == 7 * 5


def test_a_range_and_a_policy_can_be_asked_for(tmp_path: Path) -> None:
    found = windows(8)
    write_parquet(tmp_path, f"{A}_0", found[:5])
    write_journal(tmp_path, f"{A}_1", found[5:])
    part = found[2:7]
    assert given(all_of(tmp_path, begin=HOUR + 2, end=HOUR + 7)) == written(part)
    for policy in ("", "price", "unheard-of"):
        of_policy = [row for row in written(part) if row[1] == policy]
        assert given(all_of(tmp_path, begin=HOUR + 2, end=HOUR + 7, policy=policy)) == of_policy


def test_services_are_kept_apart(tmp_path: Path) -> None:
    first = first_number(HOUR)
    mine = [window(HOUR + n, first + 2 * n) for n in range(3)]
    other = [window(HOUR + n, first + 2 * n + 1, service="crm-api", users=n) for n in range(3)]
    mixed = [each for pair in zip(mine, other, strict=True) for each in pair]
    write_parquet(tmp_path, f"{A}_0", mixed[:3])
    write_journal(tmp_path, f"{A}_1", mixed[3:])
    mark_whole(tmp_path, "a")
    reading = read(tmp_path, "crm-api", HOUR * SECOND, (HOUR + 3) * SECOND)
    assert given(reading) == written(other)
    assert not reading.gaps
    assert given(all_of(tmp_path)) == written(mine)


def test_a_window_that_two_workers_have_is_taken_once(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    found, others = windows(8), windows(8, users=5)
    write_parquet(one, f"{A}_0", found[:5])
    write_parquet(two, f"{A}_0", found[3:7])
    write_journal(one, f"{A}_1", found[6:])
    write_journal(two, f"{B}_0", others)
    mark_whole(one, "a")
    mark_whole(two, "b")
    reading = all_of(one, two, end=HOUR + 8)
    assert given(reading) == sorted(written(found) + written(others))
    assert not reading.gaps


def test_missing_windows_are_said(tmp_path: Path) -> None:
    found = windows(10)
    write_parquet(tmp_path, f"{A}_0", found[:3])
    write_journal(tmp_path, f"{A}_1", found[5:7])
    write_journal(tmp_path, f"{A}_2", found[8:])
    reading = all_of(tmp_path, begin=HOUR - 5, end=HOUR + 20)
    assert given(reading) == written([*found[:3], *found[5:7], *found[8:]])
    spans = [(gap.begin - HOUR, gap.end - HOUR) for gap in reading.gaps]
    # Before it began, twice in between, and as the mark of a whole history is missing, after it.
    assert spans == [(-5, 0), (3, 5), (7, 8), (10, 20)]


def test_a_service_whose_windows_follow_each_other_has_lost_none_of_them(tmp_path: Path) -> None:
    found = windows(4)
    of_other = window(HOUR + 2, found[1].number + 1, service="crm-api")
    later = [window(each.second, each.number + 1) for each in found[2:]]
    write_journal(tmp_path, f"{A}_0", found[:2])
    write_journal(tmp_path, f"{A}_1", later)
    mark_whole(tmp_path, "a")
    assert of_other.number == later[0].number - 1
    assert not all_of(tmp_path, end=HOUR + 4).gaps


def test_what_was_removed_is_said(tmp_path: Path) -> None:
    found = windows(10)
    write_parquet(tmp_path, f"{A}_1", found[5:])
    mark_whole(tmp_path, "a")
    (gap,) = all_of(tmp_path, begin=HOUR + 2, end=HOUR + 10).gaps
    assert (gap.begin, gap.end) == (HOUR + 2, HOUR + 5)


def test_without_a_history_all_is_missing(tmp_path: Path) -> None:
    reading = all_of(tmp_path / "not-there")
    assert given(reading) == []
    assert reading.gaps == [Gap(HOUR, HOUR + 3600, "there is no history")]


@pytest.mark.parametrize("cut", [1, 100, 1000])
def test_a_torn_journal_is_read_as_far_as_it_is_whole(tmp_path: Path, cut: int) -> None:
    found = windows(9)
    path = write_journal(tmp_path, f"{A}_0", found)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    rows = given(all_of(tmp_path))
    assert rows == written(found[: len({row[2] for row in rows})])
    assert len({row[2] for row in rows}) >= 9 - 1 - cut // 100


@pytest.mark.slow
@pytest.mark.parametrize("ending", [names.JOURNAL, names.PARQUET])
def test_no_damaged_byte_is_read_as_a_number(tmp_path: Path, ending: str) -> None:
    found = windows(3, users=200)
    (write_journal if ending == names.JOURNAL else write_parquet)(tmp_path, f"{A}_0", found)
    (path,) = tmp_path.glob(f"*{ending}")
    whole = path.read_bytes()
    expected = set(written(found))
    for at in range(0, len(whole), max(len(whole) // 97, 1)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        reading = all_of(tmp_path, end=HOUR + 3)
        rows = given(reading)
        assert set(rows) <= expected
        assert len(rows) == len(expected) or reading.gaps


def test_a_file_that_goes_away_while_it_is_read_is_missing(tmp_path: Path) -> None:
    found = windows(6)
    write_parquet(tmp_path, f"{A}_0", found[:3])
    write_journal(tmp_path, f"{A}_1", found[3:])
    mark_whole(tmp_path, "a")
    reading = all_of(tmp_path, end=HOUR + 6)
    for path in tmp_path.iterdir():
        path.unlink()
    # A journal that becomes a Parquet file meanwhile is open and stays readable.
    assert given(reading) == written(found[3:])
    (gap,) = reading.gaps
    assert (gap.begin, gap.end) == (HOUR, HOUR + 3)


def test_a_service_with_more_rows_than_a_piece_has_each_user_in_one_of_its_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "PIECE_ROWS", 64)
    found = windows(20, users=30)
    contents = write_parquet(tmp_path, f"{A}_0", found[:12])
    write_journal(tmp_path, f"{A}_1", found[12:])
    mark_whole(tmp_path, "a")
    assert len(contents.services[SERVICE].groups) > 4
    assert sum(group.rows for group in contents.services[SERVICE].groups) == contents.services[SERVICE].rows
    reading = all_of(tmp_path, end=HOUR + 20)
    assert given(reading) == written(found)
    last: dict[int, int] = {}
    for batch in all_of(tmp_path):
        users = batch.rows.users.tolist()
        assert not users or users[0] > last.get(batch.begin, -1)
        last[batch.begin] = users[-1] if users else -1
    assert not reading.gaps


def test_files_of_the_version_before_are_read(tmp_path: Path) -> None:
    """Their metadata name one row group for each service, and have its sums beside it."""
    found = windows(5)
    (tmp_path / f"{A}_0{names.PARQUET}").write_bytes((Path(__file__).parent / "version_1.parquet").read_bytes())
    mark_whole(tmp_path, "a")
    reading = all_of(tmp_path, end=HOUR + 5)
    assert given(reading) == written(found)
    assert not reading.gaps
