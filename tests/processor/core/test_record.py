import numpy as np

from reduse.processor.core.columns import Stream
from reduse.processor.core.engine import Close, Forget
from reduse.processor.core.record import pack_command, pack_exports, unpack_record
from tests.processor.builders import export


def test_exports_come_back() -> None:
    exports = [export(0, 1, {1: 5, 2**64 - 1: 6}), export(1, 2, {}, instance="two")]
    records = unpack_record(pack_exports(exports))

    assert isinstance(records, list)
    for before, after in zip(exports, records, strict=True):
        assert (after.stream, after.start, after.time) == (before.stream, before.start, before.time)
        for name in ("kinds", "users", "counts", "microseconds"):
            assert np.array_equal(getattr(after, name), getattr(before, name))


def test_commands_come_back() -> None:
    for command in (Close("mes-api", 7, quiet=True), Forget(Stream("mes-api", "one"))):
        assert unpack_record(pack_command(command)) == command
