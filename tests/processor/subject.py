"""The processor without its servers: from the bytes of a request to what it yields, as plain values."""

from collections.abc import Sequence

from reduse.processor.core.bounds import Bounds
from reduse.processor.core.engine import Emission, Engine
from reduse.processor.core.metric import Distribution
from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.plugin import Options
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.shard import Shard
from reduse.processor.otlp.decoding import decode
from tests.processor import exports
from tests.processor.reference.points import ANONYMOUS, OVERFLOW, Answer, Point, Tally
from tests.processor.reference.traces import Event, Restart, Send, Tick


class Subject:
    def __init__(self, options: Options, bounds: Bounds) -> None:
        self._options, self._bounds = options, bounds
        self._shard = self._make()
        self.tally = Tally()

    def _make(self) -> Shard:
        return Shard(lambda: Engine(BUILT_IN, self._options, self._bounds))

    def answers(self, event: Event) -> list[Answer]:
        """What comes out at this event."""
        match event:
            case Send(now, points):
                self.receive(points, now)
            case Restart(now):
                self.restart(now)
            case Tick(now):
                return self.tick(now)
        return []

    def receive(self, points: Sequence[Point], now: int) -> Tally:
        outcome = self._shard.take(decode(body(points), now).exports, now)
        assert not outcome.refused
        tally = Tally(outcome.counted, outcome.repeated, outcome.late, outcome.clipped)
        self.tally += tally
        return tally

    def restart(self, now: int) -> None:
        state = unpack(pack(self._shard.dump()))
        self._shard = self._make()
        self._shard.load(state)
        self._shard.resume(now)

    def tick(self, now: int) -> list[Answer]:
        return [_answer(emission) for emission in self._shard.tick(now)]


def body(points: Sequence[Point]) -> bytes:
    made = [
        exports.point(
            each.start,
            each.time,
            each.count,
            each.user if each.user not in {ANONYMOUS, OVERFLOW} else None,
            each.microseconds / 1e6,
            overflow=each.user == OVERFLOW,
            policy=each.policy,
            throttled=each.throttled,
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
