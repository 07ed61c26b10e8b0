"""From points to the seconds that they belong to, and when each second is over."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.processor.reference.metrics import Ladders, PolicyLimits, Quiet, Second, answer
from tests.processor.reference.points import ANONYMOUS, SECOND, Answer, Point, Tally

IDLE = 3 * SECOND
FORGET = 3600 * SECOND
# Of a longer interval only the end is looked at.
INTERVAL = 6 * SECOND


@dataclass
class Service:
    name: str
    # By instance: event time that it is complete through, and when it was last heard.
    complete: dict[str, int] = field(default_factory=dict)
    heard: dict[str, int] = field(default_factory=dict)
    # By index: what came for a second that is not over.
    open: dict[int, Second] = field(default_factory=dict)
    over: int = -1
    # All seconds that are over, oldest first, and the silences between them.
    history: list[Second | Quiet] = field(default_factory=list)
    silent: bool = False
    last_heard: int = 0
    # By instance: end and length of each export that was newer than all before it.
    newest: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def lives(self, instance: str, now: int) -> bool:
        interval = min(length for _, length in self.newest[instance][-2:])
        return now - self.heard[instance] < max(IDLE, min(interval, INTERVAL) * 3 // 2)

    def second(self, index: int) -> Second:
        return self.open.setdefault(index, Second(index))


class Reference:
    """The processor with all bounds wide open."""

    def __init__(
        self,
        top_k: int,
        ladders: Ladders,
        concurrency_limits: Sequence[float],
        labels_per_day: int,
        lateness: int,
        policy_limits: Mapping[str, PolicyLimits],
    ) -> None:
        """`policy_limits`: by service."""
        self._options = (top_k, ladders, concurrency_limits, labels_per_day)
        self._policy_limits = policy_limits
        self._services: dict[str, Service] = {}
        self._known: set[tuple[object, ...]] = set()
        self._lateness = lateness
        self._last_heard = 0
        # The last second that is over of any service forgotten.
        self._over = -1

    def receive(self, points: Sequence[Point], now: int) -> Tally:
        """One request."""
        tally = Tally()
        exports: dict[tuple[object, ...], list[Point]] = defaultdict(list)
        for point in points:
            exports[point.stream, point.time, point.request_class].append(point)
        for export in exports.values():
            self._receive_export(export, now, tally)
        return tally

    def _receive_export(self, export: list[Point], now: int, tally: Tally) -> None:
        first = export[0]
        service = self._services.setdefault(first.service, Service(first.service, over=self._over))
        # The point of unidentified requests comes last: only then is everything there.
        anonymous = any(point.user == ANONYMOUS for point in export)
        complete = first.time if anonymous else min(point.start for point in export)
        service.complete[first.instance] = max(complete, service.complete.get(first.instance, complete))
        service.heard[first.instance] = service.last_heard = self._last_heard = now
        newest = service.newest.setdefault(first.instance, [])
        if not newest or first.time > newest[-1][0]:
            newest.append((first.time, first.time - min(point.start for point in export)))
        for point in export:
            if point.key in self._known:
                tally.repeated += 1
            else:
                self._known.add(point.key)
                tally.counted += 1
                service.silent = False
                self._count(service, point, tally)

    def _count(self, service: Service, point: Point, tally: Tally) -> None:
        start = min(max(point.start, point.time - INTERVAL), point.time - 1)
        if point.count or point.microseconds:
            tally.clipped += start > point.start
            tally.late += start // SECOND <= service.over
        for index in range(start // SECOND, -(-point.time // SECOND)):
            share = [_through(point, index + 1, start, n) - _through(point, index, start, n) for n in (0, 1)]
            if index > service.over or any(share):
                service.second(max(index, service.over + 1)).add(point, *share)

    def restart(self, now: int) -> None:
        """Whoever lived when anything was heard last counts as heard at the restart."""
        for service in self._services.values():
            for instance in service.heard:
                if service.lives(instance, self._last_heard):
                    service.heard[instance] = service.last_heard = now
        self._last_heard = now

    def tick(self, now: int) -> list[Answer]:
        """What is answered now."""
        for name, service in list(self._services.items()):
            ended = service.silent and not service.open and not service.heard
            if ended and now - service.last_heard >= FORGET:
                self._over = max(self._over, service.over)
                del self._services[name]
        return [found for service in self._services.values() for found in self._tick(service, now)]

    def _tick(self, service: Service, now: int) -> list[Answer]:
        live = [service.complete[instance] for instance in service.heard if service.lives(instance, now)]
        through = (min(live) - self._lateness) // SECOND - 1 if live else max(service.open, default=service.over)
        answers = []
        last = service.history[-1] if service.history else Quiet()
        closing = [index for index in service.open if index <= through]
        if closing:
            # Every second of a service that is heard, whether anything came in it or not.
            first = min(closing) if isinstance(last, Quiet) else last.index + 1
            for index in range(first, max(closing) + 1):
                service.history.append(service.open.pop(index, Second(index)))
                answers.append(self._answer(service, (index + 1) * SECOND))
        if answers or not live:
            service.over = max(service.over, through)
        if not live and not service.silent:
            service.history.append(Quiet())
            service.silent = True
            answers.append(self._answer(service, (service.over + 1) * SECOND + SECOND // 2))
        self._forget(service, now)
        return answers

    def _forget(self, service: Service, now: int) -> None:
        for instance, heard in list(service.heard.items()):
            if now - heard >= FORGET:
                del service.heard[instance], service.complete[instance], service.newest[instance]
                self._known = {key for key in self._known if key[:2] != (service.name, instance)}

    def _answer(self, service: Service, time: int) -> Answer:
        seconds = [each for each in service.history if isinstance(each, Second)]
        started = min(seconds[0].index * SECOND, time) if seconds else 0
        limits = self._policy_limits.get(service.name, {})
        return Answer(service.name, started, time, answer(service.history, *self._options, limits))


def _through(point: Point, index: int, start: int, which: int) -> int:
    """How much of the point's count (0) or microseconds (1) came before this second began, rounded down."""
    begun = min(max(index * SECOND, start), point.time)
    return (point.count, point.microseconds)[which] * (begun - start) // (point.time - start)
