"""From bytes to counts inside one process: bare parsing, this processor without server and disk, and a plain loop."""

from collections.abc import Sequence
from typing import Protocol

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from benchmarks.processor.traffic import SECOND
from reduse.processor.core.engine import Emission, Engine
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.otlp.decoding import decode

_ANY_TIME = 2**63 - 1


class Replay(Protocol):
    """Something that takes request bodies in the order of event time; `take` is what is measured."""

    def take(self, bodies: Sequence[bytes]) -> None:
        """Count what is in them, and close the windows that they complete."""

    def counted(self) -> int | None:
        """Requests counted in closed windows up to now; None when it does not count.

        Raises:
            RuntimeError: it has counted something wrongly.
        """


class ParseOnly:
    """Parses, and lets go of what came out: nothing in Python that reads such bodies by protobuf can be faster."""

    def take(self, bodies: Sequence[bytes]) -> None:
        parse = ExportMetricsServiceRequest.FromString
        for body in bodies:
            parse(body)

    def counted(self) -> None:
        return None


class DecodeToState:
    """This processor: decoding, repeats, windows and all built-in processors."""

    def __init__(self) -> None:
        self.engine = Engine(BUILT_IN)
        self.late = 0
        self._newest: Emission | None = None
        self._last_body = b""

    def take(self, bodies: Sequence[bytes]) -> None:
        engine = self.engine
        for body in bodies:
            exports = decode(body, _ANY_TIME).exports
            now = exports[-1].time
            self.late += engine.apply(exports, now).late
            for command in engine.due(now):
                for emission in engine.execute(command):
                    self._newest = emission
        self._last_body = bodies[-1]

    def counted(self) -> int:
        self._send_again()
        if self.engine.dropped_users or self.engine.failures:
            raise RuntimeError(f"users given up: {self.engine.dropped_users}, failures: {dict(self.engine.failures)}")
        return self.value("reduse.user.requests")

    def _send_again(self) -> None:
        exports = decode(self._last_body, _ANY_TIME).exports
        again = self.engine.apply(exports, exports[-1].time)
        if again.counted or again.repeated != sum(map(len, exports)):
            raise RuntimeError(f"sent again, {again.counted} points were counted twice")

    def value(self, name: str, **attributes: str) -> int:
        """Sum of the newest points of a metric that have these attributes."""
        metrics = self._newest.metrics if self._newest is not None else ()
        points = [point for metric in metrics if metric.name == name for point in metric.points]
        points = [point for point in points if attributes.items() <= dict(point.attributes).items()]
        return sum(int(point.value) for point in points if isinstance(point.value, int | float))


class PythonLoop:
    """What is written first: a dictionary of users for each window, and a loop over all points."""

    def __init__(self) -> None:
        self._windows: dict[int, dict[str, int]] = {}
        self._closed = 0

    def take(self, bodies: Sequence[bytes]) -> None:
        for body in bodies:
            self._count(ExportMetricsServiceRequest.FromString(body))

    def _count(self, request: ExportMetricsServiceRequest) -> None:
        index = 0
        for resource_metrics in request.resource_metrics:
            for scope_metrics in resource_metrics.scope_metrics:
                for metric in scope_metrics.metrics:
                    for point in metric.histogram.data_points:
                        attributes = point.attributes
                        user = attributes[0].value.string_value if attributes else ""
                        index = point.start_time_unix_nano // SECOND
                        window = self._windows.get(index)
                        if window is None:
                            window = self._windows[index] = {}
                        window[user] = window.get(user, 0) + point.count
        for closed in [each for each in self._windows if each < index]:
            self._closed += sum(self._windows.pop(closed).values())

    def counted(self) -> int:
        return self._closed + sum(sum(window.values()) for window in self._windows.values())
