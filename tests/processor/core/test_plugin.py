from collections.abc import Iterable
from importlib.metadata import EntryPoint

import pytest

from reduse.processor.core import plugin
from reduse.processor.core.metric import Metric, Point, Shape
from reduse.processor.core.plugin import Options, Processor, discover, unique
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.window import ClosedWindow
from tests.processor.builders import values, window


class BusyUsers(Processor):
    name = "busy-users"

    def process(self, window: ClosedWindow) -> Iterable[Metric]:
        busy = int((window.rates >= 10).sum())
        yield Metric("acme.users.busy", "{user}", Shape.GAUGE, (Point(busy),))


def test_a_plugin_is_a_small_class() -> None:
    metrics = list(BusyUsers(Options()).process(window({1: 9, 2: 10, 3: 11})))

    assert values(metrics, "acme.users.busy") == {"": 2}


def test_plugins_are_found_through_their_entry_point_group(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("busy", "tests.processor.core.test_plugin:BusyUsers", plugin.ENTRY_POINT_GROUP)
    monkeypatch.setattr(plugin, "entry_points", lambda group: [entry] if group == plugin.ENTRY_POINT_GROUP else [])

    assert [found.name for found in discover()] == ["busy-users"]


def test_what_is_no_processor_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("odd", "pathlib:Path", plugin.ENTRY_POINT_GROUP)
    monkeypatch.setattr(plugin, "entry_points", lambda **_: [entry])
    with pytest.raises(TypeError, match="odd"):
        discover()


def test_names_are_unique() -> None:
    assert unique(BUILT_IN) == BUILT_IN
    with pytest.raises(ValueError, match="two processors are named requests"):
        unique([*BUILT_IN, BUILT_IN[0]])


class Nameless(Processor):
    def process(self, _: ClosedWindow) -> Iterable[Metric]:
        return ()


class Greedy(BusyUsers):
    takes = frozenset({"http.server.request.duration"})


class Idle(Processor):
    name = "idle"


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [("Nameless", "has no name"), ("Greedy", r"takes http\.server\.request\.duration"), ("Idle", "define process")],
)
def test_a_class_that_cannot_be_used_is_named(kind: str, complaint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("odd", f"tests.processor.core.test_plugin:{kind}", plugin.ENTRY_POINT_GROUP)
    monkeypatch.setattr(plugin, "entry_points", lambda **_: [entry])
    with pytest.raises(TypeError, match=f"odd.*{complaint}"):
        discover()
