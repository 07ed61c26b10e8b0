import numpy as np

from reduse.processor.core.columns import Stream
from reduse.processor.core.command import Close, Forget, ForgetService, Resume
from reduse.processor.core.record import Arrival, pack_command, pack_exports, unpack_record
from tests.processor.builders import export


def test_exports_come_back() -> None:
    exports = [export(0, 1, {1: 5, 2**64 - 1: 6}), export(1, 2, {}, instance="two")]
    exports.append(export(0, 2, {3: 1}, starts=[1.5, 0, 0.25]))
    record = unpack_record(pack_exports(exports, 17))

    assert isinstance(record, Arrival)
    assert record.now == 17
    for before, after in zip(exports, record.exports, strict=True):
        assert (after.stream, after.start, after.time) == (before.stream, before.start, before.time)
        assert (after.starts is None) == (before.starts is None)
        for name in ("kinds", "users", "counts", "microseconds", "starts"):
            assert np.array_equal(getattr(after, name), getattr(before, name))


def test_commands_come_back() -> None:
    stream = Stream("mes-api", "one")
    for command in (Close("mes-api", 7, quiet=True), Forget(stream), ForgetService("mes-api"), Resume(17)):
        assert unpack_record(pack_command(command)) == command
