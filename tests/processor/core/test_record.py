from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.columns import Export, Stream
from reduse.processor.core.command import Close, Forget, ForgetService, Resume
from reduse.processor.core.packing import DamagedError, pack
from reduse.processor.core.record import Arrival, pack_command, pack_exports, unpack_record
from tests.processor.builders import EPOCH, export

COLUMNS = ("kinds", "users", "counts", "microseconds", "starts")


def test_exports_come_back() -> None:
    exports = [export(0, 1, {1: 5, 2**64 - 1: 6}), export(1, 2, {}, instance="two")]
    exports.append(export(0, 2, {3: 1}, starts=[1.5, 0, 0.25]))
    record = unpack_record(pack_exports(exports, 17))

    assert isinstance(record, Arrival)
    assert record.now == 17
    assert_equal(exports, record.exports)


def assert_equal(exports: Sequence[Export], unpacked: Sequence[Export]) -> None:
    for before, after in zip(exports, unpacked, strict=True):
        assert (after.stream, after.start, after.time) == (before.stream, before.start, before.time)
        assert (after.starts is None) == (before.starts is None)
        for name in COLUMNS:
            assert np.array_equal(getattr(after, name), getattr(before, name))


def test_commands_come_back() -> None:
    stream = Stream("mes-api", "one")
    for command in (Close("mes-api", 7, quiet=True), Forget(stream), ForgetService("mes-api"), Resume(17)):
        assert unpack_record(pack_command(command)) == command


COUNTS = st.integers(0, 2**8 - 1) | st.integers(0, 2**63 - 1)
POINTS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2**64 - 1), COUNTS, COUNTS, st.integers(0, 2**40)))


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5), POINTS, st.booleans()), min_size=1, max_size=4))
def test_any_exports_come_back_in_memory_of_their_own(parts: list[tuple[str, str, list[Any], bool]]) -> None:
    exports = []
    for service, instance, points, uneven in parts:
        kinds, users, counts, microseconds, later = zip(*points, strict=True) if points else ((),) * 5
        exports.append(
            Export(
                Stream(service, instance),
                EPOCH,
                EPOCH + 2**40,
                np.array(kinds, np.uint8),
                np.array(users, np.uint64),
                np.array(counts, np.int64),
                np.array(microseconds, np.int64),
                EPOCH + np.array(later, np.int64) if uneven else None,
            )
        )
    record = unpack_record(pack_exports(exports, 17))
    assert isinstance(record, Arrival)
    assert record.now == 17
    assert_equal(exports, record.exports)
    for before, after in zip(exports, record.exports, strict=True):
        for name in COLUMNS:
            column, expected = getattr(after, name), getattr(before, name)
            if column is not None:
                assert column.dtype == expected.dtype
                assert column.flags.writeable
                assert column.flags.aligned


@given(st.data())
def test_any_changed_byte_of_a_block_is_noticed(data: st.DataObject) -> None:
    packed = bytearray(pack_exports([export(0, 1, {1: 5, 2: 700})], 17))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DamagedError):
        unpack_record(bytes(packed))


def test_exports_of_earlier_releases_are_read() -> None:
    """They were written with a header of JSON; the oldest said neither when they came nor of starts."""
    columns = {
        "kinds": np.array([0, 1, 0], np.uint8),
        "users": np.array([7, 0, 8], np.uint8),
        "counts": np.array([1, 2, 300], np.uint16),
        "microseconds": np.array([10, 20, 70_000], np.uint32),
    }
    keys = [["mes-api", "one", 5, 9, 2], ["mes-api", "two", 6, 9, 1]]
    record = unpack_record(pack({"exports": keys, **columns}))
    assert isinstance(record, Arrival)
    assert record.now is None
    assert [(*each.stream, each.start, each.time, len(each)) for each in record.exports] == [tuple(key) for key in keys]
    assert [each.counts.tolist() for each in record.exports] == [[1, 2], [300]]
    record = unpack_record(pack({"exports": keys, "now": 17, "starts": [[0], np.array([0, 3], np.uint8)], **columns}))
    assert isinstance(record, Arrival)
    assert record.now == 17
    assert [None if each.starts is None else each.starts.tolist() for each in record.exports] == [[5, 8], None]
