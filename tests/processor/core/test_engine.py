from collections.abc import Iterable
from dataclasses import replace

from reduse.processor.core.columns import NANOSECONDS, Export
from reduse.processor.core.engine import Bounds, Close, Emission, Engine, Forget
from reduse.processor.core.metric import Metric, Point, Shape
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.refusal import Refusal
from reduse.processor.core.window import ClosedWindow
from tests.processor.builders import EPOCH, export, totals, values

NOW = EPOCH
IDLE = 3 * NANOSECONDS
LATER = NOW + IDLE


def engine(**bounds: int) -> Engine:
    return Engine(BUILT_IN, bounds=Bounds(**bounds))


def advance(core: Engine, now: int = NOW) -> list[Emission]:
    return [emission for command in core.due(now) for emission in core.execute(command)]


def test_a_window_closes_when_the_stream_has_passed_its_end() -> None:
    core = engine()
    core.apply([export(0.0, 0.9, {1: 5})], NOW)
    assert advance(core) == []

    core.apply([export(0.9, 1.9, {1: 10})], NOW)
    (emission,) = advance(core)
    assert emission.time == EPOCH + NANOSECONDS
    # Of the second export, 0.1 s of 1 s lie in the window.
    assert values(emission.metrics, "reduse.user.rate") == {"0000000000000001": 6.0, "other": 0.0, "anonymous": 0.0}


def test_the_slowest_live_stream_holds_the_window_open() -> None:
    core = engine()
    core.apply([export(0, 3, {1: 3}), export(0, 1, {1: 1}, instance="two")], NOW)

    assert [e.time for e in advance(core)] == [EPOCH + NANOSECONDS]


def test_windows_wait_for_what_may_be_late() -> None:
    core = engine(lateness=2 * NANOSECONDS)
    core.apply([export(0, 2, {1: 2})], NOW)
    assert advance(core) == []
    outcome = core.apply([export(0, 1, {7: 9}, instance="two"), export(1, 3, {}, instance="two")], NOW)
    core.apply([export(2, 3, {1: 1})], NOW)
    (emission,) = advance(core)

    assert outcome.late == 0
    assert core.watermarks(NOW) == {"mes-api": EPOCH + NANOSECONDS}
    assert values(emission.metrics, "reduse.user.rate")["0000000000000007"] == 9.0


def test_an_idle_stream_does_not_hold_the_others() -> None:
    core = engine()
    core.apply([export(0, 1, {1: 1}, instance="two")], NOW)
    core.apply([export(0, 4, {1: 4})], LATER - 1)

    assert [e.time for e in advance(core, LATER)] == [EPOCH + n * NANOSECONDS for n in (1, 2, 3, 4)]


def test_services_do_not_wait_for_each_other() -> None:
    core = engine()
    core.apply([export(0, 1, {1: 1}, service="shop-api"), export(0, 0.5, {1: 1})], NOW)

    assert [e.service for e in advance(core)] == ["shop-api"]


def test_when_all_is_idle_everything_counted_comes_out_and_gauges_end() -> None:
    core = engine()
    core.apply([export(0.0, 1.5, {1: 3})], NOW)
    emissions = advance(core, LATER)

    assert [(e.time - EPOCH) / NANOSECONDS for e in emissions] == [1, 2, 2.5]
    assert totals(emissions)["user"] == 3
    assert set(values(emissions[-1].metrics, "reduse.user.rate").values()) == {None}
    assert not any(m.shape is Shape.COUNTER for m in emissions[-1].metrics)
    assert advance(core, LATER + IDLE) == []


def test_a_late_point_counts_in_the_oldest_open_window() -> None:
    core = engine()
    core.apply([export(0, 2, {1: 2})], NOW)
    advance(core)
    outcome = core.apply([export(0, 1, {7: 9}, instance="two")], NOW)
    core.apply([export(2, 3, {1: 1}), export(1, 3, {}, instance="two")], NOW)
    (emission,) = advance(core)

    assert outcome.late == 1
    assert values(emission.metrics, "reduse.user.rate")["0000000000000007"] == 9.0
    assert totals([emission])["user"] == 12


def test_a_point_of_durations_alone_is_late_too() -> None:
    """Its share of concurrency goes into another window, as the requests of others do."""
    core = engine()
    core.apply([export(0, 2, {1: 2})], NOW)
    advance(core)
    late = export(0, 1, {7: 0, 8: 0}, instance="two")
    late.microseconds[late.users == 7] = 5

    assert core.apply([late], NOW).late == 1


def test_a_late_point_of_a_service_gone_quiet_still_comes_out() -> None:
    core = engine()
    core.apply([export(0, 2, {1: 2})], NOW)
    advance(core, LATER)
    core.apply([export(0, 1, {7: 9}, instance="two")], LATER)

    assert totals(advance(core, LATER + IDLE))["user"] == 11


def test_repeats_are_not_counted() -> None:
    core = engine()
    core.apply([export(0, 1, {1: 5}, anonymous=2, overflow=1)], NOW)
    outcome = core.apply([export(0, 1, {1: 5, 2: 1}, anonymous=2, overflow=1)], NOW)

    assert (outcome.counted, outcome.repeated) == (1, 3)
    assert totals(advance(core)) == {"user": 6, "anonymous": 2, "overflow": 1}


def test_too_long_an_interval_is_spread_over_its_end_and_loses_nothing() -> None:
    core = engine(interval=2 * NANOSECONDS)
    outcome = core.apply([export(0, 1000, {1: 1000})], NOW)
    emissions = advance(core)

    assert outcome.clipped == 1
    assert len(emissions) == 2
    assert totals(emissions)["user"] == 1000


def test_the_number_of_open_windows_is_bounded() -> None:
    core = engine(open_windows=10)
    core.apply([export(0, 1, {1: 1}, instance="behind")], NOW)
    for second in range(100):
        core.apply([export(second, second + 1, {1: 1})], NOW)
    advance(core)
    core.apply([export(1, 2, {1: 1}, instance="behind")], NOW)

    assert totals(advance(core, LATER))["user"] == 102


def test_the_rows_of_open_windows_are_bounded() -> None:
    core = engine(open_rows=100)
    core.apply([export(0, 0.5, {}, instance="behind")], NOW)
    for second in range(10):
        core.apply([export(second, second + 1, dict.fromkeys(range(1, 31), 1))], NOW)
    advance(core)

    assert core.open_rows <= 100
    assert totals(advance(core, LATER))["user"] == 300


def test_users_remembered_are_bounded_and_those_given_up_are_counted() -> None:
    core = Engine(BUILT_IN, Options(user_limit=10))
    core.apply([export(0, 1, dict.fromkeys(range(10), 1)), export(1, 2, dict.fromkeys(range(5, 15), 1))], NOW)
    core.apply([export(2, 3, dict.fromkeys(range(8, 12), 1))], NOW)
    emissions = advance(core)

    # Of 15 users 9 are kept, those seen last; what was given up is not counted again.
    assert core.dropped_users == 6
    assert [values(e.metrics, "reduse.users.active")["1m"] for e in emissions] == [10, 15, 9]
    assert totals(emissions).total() == 24


def test_streams_and_services_are_bounded() -> None:
    core = engine(streams=2, services=1)
    outcome = core.apply(
        [export(0, 1, {1: 1}, instance=name) for name in "abc"] + [export(0, 1, {1: 1}, service="other")], NOW
    )

    assert outcome.refused == {Refusal.TOO_MANY_STREAMS: 6}
    assert core.streams == 2


def test_a_stream_that_ended_is_forgotten_and_its_counts_stay() -> None:
    core = engine()
    core.apply([export(0, 1, {1: 5})], NOW)
    advance(core, LATER)
    commands = core.due(NOW + core.bounds.forget)
    for command in commands:
        core.execute(command)

    assert [type(c) for c in commands] == [Forget]
    assert (core.streams, core.repeat_words) == (0, 0)
    core.apply([export(5, 6, {1: 1}, instance="two")], NOW)
    assert totals(advance(core))["user"] == 6


def test_a_processor_that_raises_stops_no_other() -> None:
    class Broken(Processor):
        name = "broken"

        def process(self, window: ClosedWindow) -> Iterable[Metric]:
            yield Metric("half.done", "1", Shape.GAUGE, (Point(1),))
            raise RuntimeError(str(window.index))

    core = Engine([Broken, *BUILT_IN])
    core.apply([export(0, 1, {1: 5})], NOW)
    (emission,) = advance(core)

    assert core.failures == {"broken": 1}
    assert totals([emission])["user"] == 5
    assert "half.done" not in [metric.name for metric in emission.metrics]


def test_closing_is_a_command_that_can_be_written_down() -> None:
    core = engine()
    core.apply([export(0, 1, {1: 5})], NOW)

    assert core.due(NOW) == [Close("mes-api", EPOCH // NANOSECONDS, quiet=False)]


def part(whole: Export, rows: slice) -> Export:
    columns = ("kinds", "users", "counts", "microseconds")
    return replace(whole, **{name: getattr(whole, name)[rows] for name in columns})


def test_a_window_waits_for_the_last_part_of_an_export() -> None:
    """Many users come in several requests: the first ones do not close the window over the others."""
    core = engine()
    whole = export(0, 1, dict.fromkeys(range(1, 7), 1))
    for rows in (slice(0, 2), slice(2, 4)):
        assert core.apply([part(whole, rows)], NOW).late == 0
        assert core.due(NOW) == []
    assert core.apply([part(whole, slice(4, None))], NOW).late == 0
    assert totals(advance(core)) == {"user": 6, "anonymous": 0, "overflow": 0}


def test_a_part_of_the_next_export_says_that_the_one_before_is_complete() -> None:
    """Where the unidentified requests go to another processor, windows close one interval later."""
    core = engine()
    for second in range(2):
        core.apply([part(export(second, second + 1, {1: 1}), slice(0, 1))], NOW)
        assert len(core.due(NOW)) == second
