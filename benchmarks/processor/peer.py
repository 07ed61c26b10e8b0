"""The same count per user and second by bytewax, a stream processor for Python: event time, tumbling windows.

What could slow it down for nothing is left out: no order within a window, no clock but the events', no output, and the
start of an export decides on its window where this processor shares it out to two.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.operators.windowing import EventClock, TumblingWindower, fold_window
from bytewax.testing import TestingSink, TestingSource, run_main
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from benchmarks.processor.traffic import SECOND

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_Timed = tuple[datetime, int]


class Bytewax:
    """A data flow for each slice; at its end it closes all windows."""

    def __init__(self) -> None:
        self._counted = 0

    def take(self, bodies: Sequence[bytes]) -> None:
        closed: list[tuple[str, tuple[int, int]]] = []
        flow = Dataflow("users")
        points = op.flat_map("parse", op.input("requests", flow, TestingSource(bodies)), _points)
        windows = fold_window(
            "count",
            points,
            EventClock(_time, timedelta(0), now_getter=lambda: _EPOCH, to_system_utc=lambda _: None),
            TumblingWindower(timedelta(seconds=1), _EPOCH),
            builder=int,
            folder=lambda count, point: count + point[1],
            merger=int.__add__,
            ordered=False,
        )
        op.output("closed", windows.down, TestingSink(closed))
        run_main(flow)  # type: ignore[no-untyped-call]  # the extension module has no types
        self._counted += sum(count for _, (_, count) in closed)

    def counted(self) -> int:
        return self._counted


def _time(point: _Timed) -> datetime:
    return point[0]


def _points(body: bytes) -> Iterator[tuple[str, _Timed]]:
    start, time = 0, _EPOCH
    for resource_metrics in ExportMetricsServiceRequest.FromString(body).resource_metrics:
        for scope_metrics in resource_metrics.scope_metrics:
            for metric in scope_metrics.metrics:
                for point in metric.histogram.data_points:
                    if point.start_time_unix_nano != start:
                        start = point.start_time_unix_nano
                        time = datetime.fromtimestamp(start / SECOND, UTC)
                    attributes = point.attributes
                    yield attributes[0].value.string_value if attributes else "", (time, point.count)
