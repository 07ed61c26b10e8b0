"""An instrumentation is one file and one entry of the list: it is started, collected, reset and disabled by that."""

from collections.abc import Sequence

import pytest

from reduse.distro.base.aggregation import SumAggregation
from reduse.distro.base.source import CollectedMetric, SumMetric
from reduse.distro.lifecycle import instrumentations
from reduse.distro.lifecycle.telemetry import Telemetry
from reduse.distro.sources.instrumentation import Instrumentation, Process
from tests.distro.doubles import Clock, names, settings


class Cats:
    """A source as anybody may write one."""

    def __init__(self, _process: Process) -> None:
        self.reset()

    def reset(self) -> None:
        self.seen = SumAggregation(("cat.colour",))

    def collect(self, previous: int, _end: int) -> Sequence[CollectedMetric]:
        states = self.seen.states(previous)
        return (SumMetric("cats.seen", "Cats that passed.", "{cat}", states, monotonic=True),) if states else ()


def started(disabled: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Telemetry, list[Cats]]:
    found: list[Cats] = []
    cats = Instrumentation("cats", lambda process: found.append(process.source(Cats)))
    monkeypatch.setattr(instrumentations, "INSTRUMENTATIONS", (cats,))
    telemetry = Telemetry(settings(), Clock())
    instrumentations.start_instrumentations(telemetry, {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": disabled})
    return telemetry, found


def test_what_it_counts_is_collected_and_a_forked_child_starts_from_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    telemetry, (cats,) = started("", monkeypatch)
    assert telemetry.source(Cats) is cats
    assert telemetry.collect(telemetry.next_time()) == []
    cats.seen.add(("black",), 1)
    assert names(telemetry.collect(telemetry.next_time())) == ["cats.seen"]
    telemetry._after_fork()
    assert telemetry.collect(telemetry.next_time()) == []


@pytest.mark.parametrize("disabled", ["cats", "dogs, cats", "*"])
def test_its_name_leaves_it_out(disabled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, found = started(disabled, monkeypatch)
    assert found == []


def test_contribs_instrumentations_of_the_same_libraries_are_left_out() -> None:
    assert {
        "fastapi",
        "starlette",
        "asgi",
        "flask",
        "django",
        "wsgi",
        "pika",
        "aio-pika",
        "psycopg2",
        "psycopg",
        "asyncpg",
    } == instrumentations.REPLACED
    assert {"system_metrics"} == instrumentations.SUPERSEDED
