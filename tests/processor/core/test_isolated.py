"""Whatever a processor does, and whenever: it is named and counted, and the others go on."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from reduse.processor.core.engine import Emission, Engine
from reduse.processor.core.metric import Metric, Point, Shape
from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.window import ClosedWindow
from tests.processor.builders import EPOCH, export, totals, values


class Fragile(Processor):
    """Counts windows, and fails where it is told to."""

    name = "fragile"
    fails_in: str = ""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._fail("make")
        self._windows = 0

    def _fail(self, where: str) -> None:
        if type(self).fails_in == where:
            raise LookupError(where)

    def process(self, window: ClosedWindow) -> Iterable[Metric]:
        self._windows += 1
        yield Metric("acme.windows", "1", Shape.COUNTER, (Point(self._windows),))
        self._fail("process")
        if self.fails_in == "name":
            yield Metric("reduse.user.requests", "1", Shape.COUNTER, (Point(1),))
        if self.fails_in == "value":
            yield Metric("acme.odd", "1", Shape.GAUGE, (Point(float("nan")),))
        if self.fails_in == "write":
            window.counts[:] = 0

    def quiet(self) -> Iterable[Metric]:
        self._fail("quiet")
        return ()

    def dump(self) -> dict[str, Any]:
        self._fail("dump")
        return {"windows": self._windows}

    def load(self, state: dict[str, Any]) -> None:
        self._windows = state["windows"]
        self._fail("load")


def seconds(core: Engine, first: int, count: int) -> list[Emission]:
    emissions = []
    for second in range(first, first + count):
        core.apply([export(second, second + 1, {1: 5})], EPOCH)
        emissions += [emission for command in core.due(EPOCH) for emission in core.execute(command)]
    return emissions


def names(emission: Emission) -> list[str]:
    return [metric.name for metric in emission.metrics]


@pytest.mark.parametrize("where", ["make", "process", "name", "value", "write"])
def test_in_a_window(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fragile, "fails_in", where)
    core = Engine([*BUILT_IN, Fragile])
    emissions = seconds(core, 0, 3)

    assert core.failures == {"fragile": 1 if where == "make" else 3}
    assert totals(emissions)["user"] == 15
    assert len(emissions) == 3
    # All of a window, or nothing.
    assert not any("acme.windows" in names(emission) for emission in emissions)


def test_when_the_service_goes_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fragile, "fails_in", "quiet")
    core = Engine([Fragile, *BUILT_IN])
    seconds(core, 0, 1)
    (command,) = core.due(EPOCH + core.bounds.idle)
    (ending,) = core.execute(command)

    assert core.failures == {"fragile": 1}
    assert values(ending.metrics, "reduse.users.active") == {"1m": None, "5m": None, "1h": None}


@pytest.mark.parametrize("where", ["dump", "load"])
def test_over_a_restart_it_begins_anew_and_the_others_go_on(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    core = Engine([Fragile, *BUILT_IN])
    seconds(core, 0, 2)
    monkeypatch.setattr(Fragile, "fails_in", where)
    state = unpack(pack(core.dump()))
    other = Engine([Fragile, *BUILT_IN])
    other.load(state)
    monkeypatch.setattr(Fragile, "fails_in", "")
    (emission,) = seconds(other, 2, 1)

    assert core.failures + other.failures == {"fragile": 1}
    assert values(emission.metrics, "acme.windows") == {"": 1}
    assert totals([emission])["user"] == 15


def test_the_log_gets_ever_fewer_of_its_traces(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Fragile):
        fails_in = "process"

    seconds(Engine([Broken]), 0, 20)

    assert [record.getMessage().rsplit(" ", 3)[1] for record in caplog.records] == ["1", "2", "4", "8", "16"]
    assert all(record.exc_info for record in caplog.records)


def test_columns_are_the_same_for_all_as_arrow_too() -> None:
    class Sums(Processor):
        name = "sums"

        def process(self, window: ClosedWindow) -> Iterable[Metric]:
            rows = window.to_arrow()
            total = np.asarray(rows["count"]).sum()
            yield Metric("acme.sum", "1", Shape.GAUGE, (Point(total, {"columns": ",".join(rows.schema.names)}),))

    (emission,) = seconds(Engine([Sums]), 0, 1)
    assert values(emission.metrics, "acme.sum") == {"user,count,microseconds": 5}
