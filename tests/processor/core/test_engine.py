from collections.abc import Iterable
from dataclasses import replace

import pytest

from reduse.processor.core.bounds import Bounds
from reduse.processor.core.columns import Export
from reduse.processor.core.command import Close, Forget, Resume
from reduse.processor.core.engine import Emission, Engine
from reduse.processor.core.metric import Metric, Point, Shape
from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.refusal import Refusal
from reduse.processor.core.units import NANOSECONDS
from reduse.processor.core.window import ClosedWindow
from tests.processor.builders import EPOCH, export, totals, values

NOW = EPOCH
IDLE = 3 * NANOSECONDS
LATER = NOW + IDLE
SILENT = NOW + Bounds().repeat_horizon


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


@pytest.mark.slow
def test_a_stream_is_waited_for_until_its_next_export_may_have_come() -> None:
    """Whatever its interval: none is asked to be set. Between its exports the service does not fall silent."""
    for interval in (1, 5, 10, 15, 30, 60):
        core = engine()
        rates = []
        for number in range(10):
            now = NOW + (number + 1) * interval * NANOSECONDS
            core.apply([export(number * interval, (number + 1) * interval, {1: 4 * interval})], now)
            late = core.apply([export(number, number + 1, {2: 1}, instance="two")], now).late if interval == 1 else 0
            assert not late
            for wait in range(0, interval, max(1, interval // 5)):
                rates += [values(e.metrics, "reduse.user.rate") for e in advance(core, now + wait * NANOSECONDS)]
        assert [rate["0000000000000001"] for rate in rates] == [4.0] * (10 * interval)
        (*_, last) = advance(core, now + max(6, interval * 3) * NANOSECONDS // 2)
        assert set(values(last.metrics, "reduse.user.rate").values()) == {None}


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
    assert set(outcome.refusals.counts) == {("mes-api", Refusal.TOO_MANY_STREAMS), ("other", Refusal.TOO_MANY_STREAMS)}
    assert core.streams == 2
    other = engine(services=1)
    outcome = other.apply([export(0, 1, {1: 1}, service=name) for name in ("mes-api", "other")], NOW)
    assert outcome.refusals.counts == {("other", Refusal.TOO_MANY_SERVICES): 3}


def test_beyond_the_bounds_who_is_silent_makes_room_and_who_is_heard_does_not() -> None:
    core = engine(streams=3, services=2)
    for number, name in enumerate(("one", "two", "three")):
        core.apply([export(0, 1, {1: 1}, instance=name)], NOW + number)
    core.apply([export(0, 1, {1: 1}, instance="two")], SILENT)
    assert core.apply([export(0, 1, {1: 1}, instance="four")], SILENT - 1).refused == {Refusal.TOO_MANY_STREAMS: 3}
    assert not core.apply([export(0, 1, {1: 1}, instance="four")], SILENT).refused

    assert core.streams == 3
    assert core.apply([export(0, 1, {1: 1}, instance="two")], SILENT).repeated == 3


def test_services_come_and_go_without_end() -> None:
    """However many there were: they are forgotten as their instances are, and sooner when there is no room."""
    core = engine(services=10)
    for number in range(100):
        now = NOW + number * core.bounds.repeat_horizon // 10
        begin = (now - NOW) / NANOSECONDS
        assert not core.apply([export(begin, begin + 1, {1: 1}, service=f"service-{number}")], now).refused
        advance(core, now + IDLE)
        assert core.services <= 10
    for _ in range(2):
        advance(core, now + core.bounds.forget)

    assert (core.services, core.streams, core.repeat_words) == (0, 0, 0)


def test_a_service_with_open_windows_makes_no_room() -> None:
    core = engine(services=1)
    core.apply([export(0, 1.5, {1: 1}, service="first")], NOW)
    other = export(0, 1, {1: 1}, service="second")
    assert core.apply([other], SILENT).refused == {Refusal.TOO_MANY_SERVICES: 3}
    assert totals(advance(core, SILENT))["user"] == 1
    assert not core.apply([other], SILENT + 1).refused


def test_a_service_that_comes_back_sends_no_window_again() -> None:
    """Its counters begin anew, after all that was sent under its name."""
    core = engine()
    core.apply([export(0, 2, {1: 2})], NOW)
    before = advance(core, LATER)
    for _ in range(2):
        advance(core, LATER + core.bounds.forget)
    core.apply([export(0.5, 3, {1: 5})], NOW)
    after = advance(core, LATER)

    assert core.services == 1
    assert max(e.time for e in before if e.metrics) < min(e.time for e in after)
    assert min(e.started for e in after) > before[0].started
    assert totals(after)["user"] == 5


def test_a_clock_that_was_set_back_holds_nothing_for_long() -> None:
    hour = 3600 * NANOSECONDS
    core = engine()
    core.apply([export(0, 1, {1: 1}, instance="gone")], NOW + hour)
    core.apply([export(0, 3, {1: 1})], NOW)

    assert [e.time for e in advance(core)] == [EPOCH + n * NANOSECONDS for n in (1, 2, 3)]


@pytest.mark.parametrize("settling", [0, NANOSECONDS])
def test_who_began_while_the_clock_was_ahead_is_believed_when_it_is_set_right(settling: int) -> None:
    """A machine may start its services before it asks what time it is."""
    core = engine(settling=settling)
    core.apply([export(0, 1, {1: 5})], NOW + 3600 * NANOSECONDS)
    core.apply([export(1, 2, {1: 5})], NOW + 2 * NANOSECONDS)
    core.apply([export(2, 3, {1: 5})], NOW + 3 * NANOSECONDS)
    assert [emission.time for emission in advance(core, NOW + 3 * NANOSECONDS)][-1] == EPOCH + 3 * NANOSECONDS


def test_who_was_heard_when_the_process_ended_is_waited_for_when_it_begins_again() -> None:
    core = engine()
    core.apply([export(8, 9, {1: 1}, instance="silent")], NOW - IDLE)
    core.apply([export(0, 1.5, {1: 3})], NOW)
    core.execute(Close("mes-api", EPOCH // NANOSECONDS, quiet=False))
    away = NOW + 100 * IDLE
    state = unpack(pack(core.dump()))
    back, without = engine(), engine()
    for each in (back, without):
        each.load(state)
    back.execute(Resume(away))

    assert without.watermarks(away) == {}
    assert back.watermarks(away) == core.watermarks(NOW) == {"mes-api": EPOCH + 3 * NANOSECONDS // 2}
    assert back.watermarks(away + IDLE) == {}


def test_points_with_starts_of_their_own_count_as_they_would_one_by_one() -> None:
    users = {1: 5, 2: 50, 3: 7, 4: 1}
    starts = [0.0, 0.25, 1.75, 1.999]
    together, apart = engine(), engine()
    one = together.apply([export(0, 2.5, users, 4, 3, starts=[*starts, 0, 0.5])], NOW)
    singly = [
        part(export(start, 2.5, {user: users[user]}), slice(0, 1)) for user, start in zip(users, starts, strict=True)
    ]
    singly += [part(export(0, 2.5, {}, 4, 3), slice(0, 1)), part(export(0.5, 2.5, {}, 4, 3), slice(1, 2))]

    assert apart.apply(singly, NOW).counted == one.counted == 6
    assert advance(together, LATER + IDLE) == advance(apart, LATER + IDLE)


def test_of_points_with_starts_of_their_own_each_is_late_or_too_long_by_itself() -> None:
    core = engine(interval=2 * NANOSECONDS)
    core.apply([export(0, 2, {1: 1})], NOW)
    advance(core)
    outcome = core.apply([export(0, 3, {1: 1, 2: 1, 3: 1, 4: 1}, starts=[0, 1.5, 2, 2.5, 0, 0], instance="two")], NOW)

    assert (outcome.late, outcome.clipped) == (2, 1)


def test_one_that_sends_without_end_and_one_that_was_away() -> None:
    """What is remembered of the one leaves nothing behind that the other stumbles over."""
    core = engine(repeat_words=80_000)
    away = export(0, 1, {1: 1}, instance="away")
    core.apply([away], NOW)
    for second in range(130):
        users = dict.fromkeys(range(700 * second, 700 * second + 700), 1)
        core.apply([export(second, second + 1, users)], NOW + second * NANOSECONDS)
        assert core.repeat_words <= 80_000
    assert core.apply([away], NOW).repeated == 3
    assert core.apply([export(125, 126, {1: 1}, instance="away")], NOW).counted == 3


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


def test_windows_are_numbered_in_the_order_in_which_they_close_whichever_service_they_are_of() -> None:
    core = engine()
    for second in range(4):
        core.apply([export(second, second + 1, {1: 1}), export(second, second + 1, {1: 1}, service="crm-api")], NOW)
    core.apply([export(4, 5, {1: 1})], NOW)
    closed = advance(core)
    other = engine()
    other.load(unpack(pack(core.dump())))
    closed += advance(other, NOW + 3600 * NANOSECONDS)
    numbers = [emission.number for emission in closed if emission.window is not None]
    assert numbers == list(range(numbers[0], numbers[0] + 9))
    # A state that begins anew later has none of the same.
    assert numbers[0] >> 20 == EPOCH // NANOSECONDS


def test_an_export_from_before_all_that_is_remembered_is_refused_and_not_counted() -> None:
    core = engine(repeat_horizon=10 * NANOSECONDS)
    core.apply([export(0, 1, {1: 1})], NOW)
    core.apply([export(1, 20, {1: 1})], NOW)
    outcome = core.apply([export(0, 1, {1: 7, 2: 1})], NOW)
    assert (outcome.counted, outcome.repeated) == (0, 0)
    assert dict(outcome.refusals.counts) == {("mes-api", Refusal.TOO_OLD): 4}
