"""What is compiled when it is first called is called before the first request, with traffic of its own.

In a fresh installation the compiler takes some seconds, in which no request would be answered and no window closed.
Later starts find on disk what it made.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, HistogramDataPoint

from reduse.limit import Limit, Period, PolicyLimit
from reduse.processor.core.engine import Engine
from reduse.processor.core.join import Join
from reduse.processor.core.options import Options
from reduse.processor.core.partial import Partial
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.record import pack_exports
from reduse.processor.core.shard import Shard
from reduse.processor.core.units import NANOSECONDS
from reduse.processor.otlp.decoding import decode
from reduse.wire import METRIC, OVERFLOW_MARK, POLICY, STATUS_CODE, THROTTLED, UNIT, USER_HASH, WHOLE

logger = logging.getLogger(__name__)

# Long enough that somebody who waits for the start wants to know why.
WORTH_SAYING_SECONDS = 2.0

# Any time will do, as nothing is kept.
_BEGIN = 1_000_000_000 * NANOSECONDS
_SERVICE, _POLICY = "compilation", "policy"
# Of each second. Small and large windows go different ways, and users change so that some leave the top.
_USERS = (3, 0, 100, 800, 3)
# More are sorted by their attributes: each change of these is decoded by itself, which takes longer than all the rest.
_MIXED = 100


def compile_ahead(*, joined: bool = False) -> None:
    """Returns when everything is there; `joined`: with what joins shards."""
    begun = time.monotonic()
    options = Options(policy_limits={(_SERVICE, _POLICY): (PolicyLimit(Limit(1, Period.SECOND), 2.0),)})
    shard = Shard(lambda: Engine(BUILT_IN, options, joined=joined))
    join = Join(BUILT_IN)
    for at, body in _exports():
        exports = decode(body, at + NANOSECONDS).exports
        pack_exports(exports, at)
        # The second time as a repeat.
        shard.take(exports, at)
        shard.take(exports, at)
        emissions = shard.tick(at + NANOSECONDS // 2)
        for emission in emissions if joined else ():
            join.take(Partial("compilation", (WHOLE,), emission), at)
    shard.tick(at + 3600 * NANOSECONDS)
    shard.dump()
    took = time.monotonic() - begun
    if took >= WORTH_SAYING_SECONDS:
        logger.info("compiled the code of the processor, or loaded what was compiled before, in %.0f s", took)


def _exports() -> Iterator[tuple[int, bytes]]:
    """Bodies of two instances, a second each, and when they come (Unix ns)."""
    for second, users in enumerate(_USERS):
        end = _BEGIN + (second + 1) * NANOSECONDS
        for instance in ("one", "two"):
            points = [_point(end, f"{number * 7919 + second:016x}", 1 + number % 7) for number in range(users)]
            if points:
                # Starts that differ are a way of their own.
                points[0].start_time_unix_nano -= second * NANOSECONDS // 4
            for point in points[1::2]:
                point.attributes.append(KeyValue(key=POLICY, value=AnyValue(string_value=_POLICY)))
            for point in points[1::4]:
                point.attributes.append(KeyValue(key=STATUS_CODE, value=AnyValue(int_value=THROTTLED)))
            if users > _MIXED:
                points.sort(key=lambda point: len(point.attributes))
            nobody, overflow = _point(end, None, second), _point(end, None, 1)
            overflow.attributes.append(KeyValue(key=OVERFLOW_MARK, value=AnyValue(bool_value=True)))
            yield end, _body([*points, overflow, nobody], instance)
            # What nearly all are is a way of its own too: of one class, without overflow.
            points = [_point(end, f"{number * 104_729 + second:016x}", 1) for number in range(users)]
            yield end, _body([*points, nobody], instance)


def _point(end: int, user: str | None, count: int) -> HistogramDataPoint:
    point = HistogramDataPoint(
        start_time_unix_nano=end - NANOSECONDS, time_unix_nano=end, count=count, sum=count * 0.01
    )
    if user is not None:
        point.attributes.append(KeyValue(key=USER_HASH, value=AnyValue(string_value=user)))
    return point


def _body(points: list[HistogramDataPoint], instance: str) -> bytes:
    request = ExportMetricsServiceRequest()
    resource_metrics = request.resource_metrics.add()
    for key, value in (("service.name", _SERVICE), ("service.instance.id", instance)):
        resource_metrics.resource.attributes.append(KeyValue(key=key, value=AnyValue(string_value=value)))
    metric = resource_metrics.scope_metrics.add().metrics.add(name=METRIC, unit=UNIT)
    metric.histogram.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
    metric.histogram.data_points.extend(points)
    return request.SerializeToString()
