"""Every output, its attributes and its time, against a reference that is written plainly and keeps everything."""

from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reduse.processor.core.engine import Bounds, Emission, Engine
from reduse.processor.core.ladder import Ladder
from reduse.processor.core.metric import Distribution
from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.plugin import Options
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.otlp.decoding import decode
from tests.processor import exports
from tests.processor.reference.points import ANONYMOUS, OVERFLOW, Answer, Point, Tally
from tests.processor.reference.traces import Event, Restart, Send, Tick, traces
from tests.processor.reference.windows import INTERVAL, Reference

TOP_K = 2
LABELS_PER_DAY = 5
# Sums of these are exact in floating point too. In the second ladder the burst decides; a bucket of 0.25 takes seconds.
LADDERS = (Ladder((1, 2.5, 40), 2.0), Ladder((0.25, 2.5), 30.0))
CONCURRENCY_LIMITS = (1, 2, 5)
OPTIONS = Options(top_k=TOP_K, ladders=LADDERS, concurrency_limits=CONCURRENCY_LIMITS, labels_per_day=LABELS_PER_DAY)


class Subject:
    """The processor from the bytes of a request to what it yields."""

    def __init__(self, lateness: int) -> None:
        self._bounds = Bounds(lateness=lateness, interval=INTERVAL, open_windows=10**9, repeat_horizon=10**18)
        self._engine = Engine(BUILT_IN, OPTIONS, self._bounds)

    def receive(self, points: Sequence[Point], now: int) -> Tally:
        outcome = self._engine.apply(decode(_body(points), now).exports, now)
        assert not outcome.refused
        return Tally(outcome.counted, outcome.repeated, outcome.late, outcome.clipped)

    def restart(self, now: int) -> None:
        state = unpack(pack(self._engine.dump()))
        self._engine = Engine(BUILT_IN, OPTIONS, self._bounds)
        self._engine.load(state, now)

    def tick(self, now: int) -> list[Answer]:
        commands = self._engine.due(now)
        return [_answer(emission) for command in commands for emission in self._engine.execute(command)]


def _body(points: Sequence[Point]) -> bytes:
    made = [
        exports.point(
            each.start,
            each.time,
            each.count,
            each.user if each.user not in {ANONYMOUS, OVERFLOW} else None,
            each.microseconds / 1e6,
            overflow=each.user == OVERFLOW,
        )
        for each in points
    ]
    return exports.request(made, points[0].service, points[0].instance).SerializeToString()


def _answer(emission: Emission) -> Answer:
    values = {
        (metric.name, tuple(sorted(point.attributes.items()))): (
            (point.value.bounds, point.value.buckets, point.value.sum)
            if isinstance(point.value, Distribution)
            else point.value
        )
        for metric in emission.metrics
        for point in metric.points
    }
    assert len(values) == sum(len(metric.points) for metric in emission.metrics)
    return Answer(emission.service, emission.started, emission.time, values)


def told(subject: Subject | Reference, event: Event) -> object:
    match event:
        case Send(now, points):
            return subject.receive(points, now)
        case Restart(now):
            return subject.restart(now)
        case Tick(now):
            return subject.tick(now)


@given(traces(), st.sampled_from([0, 0, 1_000_000_000, 1_500_000_000]))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_every_answer_is_the_one_that_the_reference_gives(trace: list[Event], lateness: int) -> None:
    subject, reference = Subject(lateness), Reference(TOP_K, LADDERS, CONCURRENCY_LIMITS, LABELS_PER_DAY, lateness)
    for event in trace:
        assert told(subject, event) == told(reference, event)
